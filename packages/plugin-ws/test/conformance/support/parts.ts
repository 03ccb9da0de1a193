/** What a peer sends, as data: frames that are masked only when it is known who sends them, and bytes as they are. */
import { deflateRawSync, constants as zlib } from 'node:zlib'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closeFrame,
  type FrameShape,
  frame,
  PING,
  PONG,
  TEXT,
} from '../../support/raw.ts'

/** Bytes that depend on the sender's masking key; null for a server's, which has none. */
export type Part = (mask: Buffer | null) => Buffer

type Payload = string | Buffer
/** As {@link FrameShape}; `mask: 'wrong'` masks what is not to be and leaves unmasked what is. */
export type Shape = Omit<FrameShape, 'mask'> & { mask?: 'wrong' | Buffer }

const SOME_MASK = Buffer.from([1, 2, 3, 4])

const masking = (mask: Buffer | null, shape: Shape): Buffer | null => {
  if (shape.mask === 'wrong') return mask ? null : SOME_MASK
  return mask && (shape.mask ?? mask)
}

const of =
  (opcode: number) =>
  (payload: Payload = '', shape: Shape = {}): Part =>
  mask =>
    frame(opcode, payload, { ...shape, mask: masking(mask, shape) })

export const text = of(TEXT)
export const binary = of(BINARY)
export const more = of(CONTINUATION)
export const ping = of(PING)
export const pong = of(PONG)
export const control = (opcode: number, payload?: Payload, shape?: Shape): Part => of(opcode)(payload, shape)

export const close =
  (code?: number, reason?: Payload, shape: Shape = {}): Part =>
  mask =>
    closeFrame(code, reason, { ...shape, mask: masking(mask, shape) })

/** A close frame with the payload as it is. */
export const closing = of(CLOSE)

export const bytes =
  (...values: number[]): Part =>
  () =>
    Buffer.from(values)

/** Only the first bytes of another part. */
export const cut =
  (part: Part, count: number): Part =>
  mask =>
    part(mask).subarray(0, count)

/** Frames that are one message's, of payloads in turn. */
export function fragments(
  first: (payload: Payload, shape: Shape) => Part,
  payloads: readonly Payload[],
): Part[] {
  return payloads.map((payload, i) => {
    const shape = { fin: i === payloads.length - 1 }
    return i === 0 ? first(payload, shape) : more(payload, shape)
  })
}

/** The payload of a compressed message (RFC 7692 section 7.2.1). */
export function deflate(payload: Payload, options: { windowBits?: number } = {}): Buffer {
  const whole = deflateRawSync(payload, { ...options, finishFlush: zlib.Z_SYNC_FLUSH })
  return whole.subarray(0, whole.length - 4)
}

/** RSV1, the bit of a compressed message. */
export const RSV1 = 4

export const deflated = (payload: Payload, shape: Shape = {}): Part =>
  text(deflate(payload), { rsv: RSV1, ...shape })
