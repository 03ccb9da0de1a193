/**
 * A WebSocket of one of the realm's subprotocols, which comes back when it is lost.
 * @module
 */
const PATH = '/ws'
const FIRST_WAIT = 500
const LONGEST_WAIT = 15_000
/** RFC 6455 section 7.4.1: the server is done with this page. */
const FINAL = new Set([1000, 1008])

export class Line extends EventTarget {
  #protocol
  #token
  #socket
  #timer
  #failures = 0
  #isClosed = false

  /** @param {string} protocol @param {() => Promise<string>} token */
  constructor(protocol, token) {
    super()
    this.#protocol = protocol
    this.#token = token
    this.#open()
  }

  /** False where it is not open at the moment. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  close() {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#socket?.close()
  }

  async #open() {
    let token
    try {
      token = await this.#token()
    } catch (error) {
      return error.status === 401 ? this.#tell('over', 'Log in again.') : this.#lost()
    }
    if (this.#isClosed) return
    const url = new URL(PATH, location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    const socket = new WebSocket(url, [this.#protocol, `unisock.auth.${token}`])
    this.#socket = socket
    socket.onopen = () => {
      this.#failures = 0
      this.#tell('open')
    }
    socket.onmessage = ({ data }) => this.#tell('message', JSON.parse(data))
    socket.onclose = ({ code, reason }) => {
      if (this.#isClosed) return
      if (FINAL.has(code)) this.#tell('over', reason)
      else this.#lost()
    }
  }

  /** Pages that were cut off together do not come back together. */
  #lost() {
    if (this.#isClosed) return
    this.#tell('lost')
    const wait = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++)
    this.#timer = setTimeout(() => this.#open(), wait)
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
