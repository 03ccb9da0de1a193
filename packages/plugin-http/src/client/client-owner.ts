/**
 * A client in the program's thread: which request each response belongs to.
 * @module
 */
import {
  type OwnerHalf,
  type OwnerPort,
  type RequestOptions,
  SocketError,
  toSocketError,
} from '@unisock/kernel/plugin'
import type { CheckedRequest } from './request.ts'
import type { HttpResponse } from './response.ts'
import { ResponseBody } from './response-body.ts'
import { Upload } from './upload.ts'
import { ASK, type FailedWire, type FromClientWire, TELL, type TellWire } from './wire.ts'

/** What a protocol on top of HTTP clients does in its own way. */
export interface ClientProtocol {
  /** @throws {SocketError} for what is no request of the mode */
  check(data: unknown, id: number): CheckedRequest
  response(wire: TellWire, fd: number, request: unknown, stream: ResponseBody | undefined): HttpResponse<any>
  /** Why `request` rejects though there is a response; undefined where it does not. */
  refusal?(response: HttpResponse<any>): Error | undefined
}

/** One request until its response is complete. */
interface Exchange {
  readonly request: unknown
  /** Of `request`; what was written has no such thing. */
  readonly settle: Settle | undefined
  upload: Upload | undefined
  body: ResponseBody | undefined
}

interface Settle {
  resolve(response: HttpResponse<any>): void
  reject(error: Error): void
  /** Response and body are complete, or there will be none. */
  over(): void
}

class Exchanges {
  readonly #port: OwnerPort
  readonly #protocol: ClientProtocol
  readonly #open = new Map<number, Exchange>()
  #last = 0

  constructor(port: OwnerPort, protocol: ClientProtocol) {
    this.#port = port
    this.#protocol = protocol
    port.onEnd(error => {
      this.#failAll(error ?? new SocketError('ECANCELED', 'the client was closed', { fd: port.fd }))
    })
  }

  /** Sends a request. False: wait for `drain`. */
  start(data: unknown, settle: Settle | undefined, transfer: boolean): { id: number; more: boolean } {
    const port = this.#port
    const id = ++this.#last
    const { wire, source } = this.#protocol.check(data, id)
    const more = port.send(wire, transfer)
    if (port.ended) throw new SocketError('EBADF', `fd ${port.fd} has ended`, { fd: port.fd, op: 'request' })
    const exchange: Exchange = { request: data, settle, upload: undefined, body: undefined }
    this.#open.set(id, exchange)
    if (source) {
      const upload = new Upload(id, source, chunk => void port.send(chunk))
      exchange.upload = upload
      upload.run().catch(error => this.cancel(id, toSocketError(error, 'ECANCELED', { fd: port.fd })))
    }
    return { id, more }
  }

  /** The program gives a request up. */
  cancel(id: number, error: Error): void {
    const exchange = this.#take(id)
    if (!exchange) return
    this.#port.send([ASK.CANCEL, id])
    this.#fail(exchange, error)
  }

  /** A response that goes to the message handler; undefined for all that does not. */
  receive(wire: FromClientWire): HttpResponse<any> | undefined {
    if (wire[0] === TELL.RESTARTED) {
      const reason = 'the worker was restarted: the request may have been done'
      this.#failAll(new SocketError('EPLUGIN', reason, { fd: this.#port.fd, op: 'request' }))
      return undefined
    }
    const exchange = this.#open.get(wire[1])
    if (!exchange) return undefined
    switch (wire[0]) {
      case TELL.RESPONSE:
        return this.#respond(exchange, wire)
      case TELL.CHUNK:
        exchange.body?.deliver(wire[2])
        return undefined
      case TELL.END:
        this.#take(wire[1])
        exchange.body?.finish(wire[2])
        return undefined
      case TELL.GRANT:
        exchange.upload?.grant(wire[2])
        return undefined
      case TELL.FAILED:
        this.#take(wire[1])
        this.#fail(exchange, toError(wire, this.#port.fd))
        return undefined
    }
  }

  #respond(exchange: Exchange, wire: TellWire): HttpResponse<any> | undefined {
    const port = this.#port
    const id = wire[1]
    if (wire[7] === true) exchange.body = new ResponseBody(id, ask => this.#ask(ask))
    else this.#take(id)
    const response = this.#protocol.response(wire, port.fd, exchange.request, exchange.body)
    const { settle } = exchange
    if (!settle) return response
    const refusal = this.#protocol.refusal?.(response)
    if (!refusal) settle.resolve(response)
    else {
      settle.reject(refusal)
      // Nobody is going to read it.
      exchange.body?.destroy()
    }
    return undefined
  }

  #ask(wire: [op: number, id: number, bytes?: number]): void {
    if (wire[0] === ASK.CANCEL) this.#take(wire[1])
    this.#port.send(wire)
  }

  /** The request is over: its body is not sent any further. */
  #take(id: number): Exchange | undefined {
    const exchange = this.#open.get(id)
    if (!exchange) return undefined
    this.#open.delete(id)
    exchange.upload?.stop()
    exchange.settle?.over()
    return exchange
  }

  #fail({ body, settle }: Exchange, error: Error): void {
    if (body) body.fail(error)
    else if (settle) settle.reject(error)
    else if (!this.#port.ended) this.#port.report(error)
  }

  #failAll(error: Error): void {
    for (const [id, exchange] of this.#open) {
      this.#take(id)
      this.#fail(exchange, error)
    }
  }
}

function toError(wire: FailedWire, fd: number): SocketError {
  const [, , code, message, category, retryable, details] = wire
  return new SocketError(code, message, {
    category,
    retryable,
    fd,
    op: 'request',
    ...(details && { details }),
  })
}

/** The owner half of a client mode. */
export function clientOwner(protocol: ClientProtocol): OwnerHalf {
  const exchangesOf = (port: OwnerPort): Exchanges => {
    port.state ??= new Exchanges(port, protocol)
    return port.state as Exchanges
  }
  return {
    send: (data, port, transfer) => !port.ended && exchangesOf(port).start(data, undefined, transfer).more,
    request: (data, port, how) => ask(exchangesOf(port), data, port, how),
    receive(wire: FromClientWire, port, bytes) {
      const response = exchangesOf(port).receive(wire)
      if (response === undefined) port.consumed(bytes)
      return response
    },
    unhandled(_port, message) {
      const { body } = message as HttpResponse
      if (body instanceof ResponseBody) body.destroy()
    },
  }
}

function ask(
  exchanges: Exchanges,
  data: unknown,
  { fd }: OwnerPort,
  { signal, timeout }: RequestOptions,
): Promise<unknown> {
  const cancelled = (): SocketError =>
    new SocketError('ECANCELED', 'the request was cancelled', { fd, op: 'request', cause: signal?.reason })
  if (signal?.aborted) return Promise.reject(cancelled())
  return new Promise((resolve, reject) => {
    const settle: Settle = {
      resolve(response) {
        clearTimeout(timer)
        resolve(response)
      },
      reject,
      // A body that is still coming ends with the signal too.
      over() {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      },
    }
    const { id } = exchanges.start(data, settle, false)
    const onAbort = (): void => exchanges.cancel(id, cancelled())
    const late = (): void => {
      const reason = `no response within ${timeout} ms`
      exchanges.cancel(id, new SocketError('ETIMEDOUT', reason, { fd, op: 'request' }))
    }
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
