/**
 * PUBLISH packets without properties (MQTT 5.0 section 3.3), written together once a turn: mqtt.js writes each in several
 * pieces.
 * @module
 */
import type { Duplex } from 'node:stream'

const CHUNK_BYTES = 64 * 1024
/** A packet's bytes before its topic. */
const HEADER_BYTES = 7
/** Bytes between its topic and its payload. */
const MIDDLE_BYTES = 3
const PUBLISH = 0x30
const DUP = 8
const RETAIN = 1

export class PublishWriter {
  readonly #stream: Duplex
  readonly #hasProperties: boolean
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #from = 0
  #at = 0
  #scheduled = false
  /** The topic that was written last: the next one is often the same. */
  #topic = ''
  #topicBytes = Buffer.alloc(0)

  /** `version5`: its packets say that they have no properties. */
  constructor(stream: Duplex, version5: boolean) {
    this.#stream = stream
    this.#hasProperties = version5
  }

  /** `id` is 0 for QoS 0. */
  write(
    topic: string,
    payload: string | Uint8Array,
    qos: number,
    retain: boolean,
    dup: boolean,
    id: number,
  ): void {
    if (topic !== this.#topic) {
      this.#topic = topic
      this.#topicBytes = Buffer.from(topic)
    }
    const isText = typeof payload === 'string'
    const payloadLength = isText ? Buffer.byteLength(payload) : payload.length
    const topicLength = this.#topicBytes.length
    const middle = (qos > 0 ? 2 : 0) + (this.#hasProperties ? 1 : 0)
    const inPlace = payloadLength <= CHUNK_BYTES / 4
    this.#reserve(HEADER_BYTES + topicLength + MIDDLE_BYTES + (inPlace ? payloadLength : 0))
    const chunk = this.#chunk
    let at = this.#at
    chunk[at++] = PUBLISH | (dup ? DUP : 0) | (qos << 1) | (retain ? RETAIN : 0)
    let length = 2 + topicLength + middle + payloadLength
    do {
      chunk[at++] = length > 127 ? (length & 127) | 128 : length
      length >>>= 7
    } while (length > 0)
    chunk[at++] = topicLength >>> 8
    chunk[at++] = topicLength & 255
    chunk.set(this.#topicBytes, at)
    at += topicLength
    if (qos > 0) {
      chunk[at++] = id >>> 8
      chunk[at++] = id & 255
    }
    if (this.#hasProperties) chunk[at++] = 0
    if (inPlace) {
      if (isText) chunk.write(payload, at)
      else chunk.set(payload, at)
      at += payloadLength
    }
    this.#at = at
    if (!inPlace) {
      this.flush()
      this.#stream.write(payload)
    } else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.flush()
      })
    }
  }

  flush(): void {
    if (this.#at === this.#from) return
    const packets = this.#chunk.subarray(this.#from, this.#at)
    this.#from = this.#at
    if (!this.#stream.destroyed) this.#stream.write(packets)
  }

  /** What was handed to the stream must not be written to again. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#chunk.length) return
    this.flush()
    this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytes))
    this.#from = 0
    this.#at = 0
  }
}
