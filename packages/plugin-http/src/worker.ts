/**
 * The plugin's modes in its worker.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { defineWorker } from '@unisock/kernel/plugin'
import { HttpClient } from './client/worker.ts'
import {
  acceptCoding,
  announcesTooMuch,
  BodyCollector,
  FormCollector,
  type FormWire,
  formRules,
  type HttpConnection,
  HttpListener,
  type HttpResponse,
  hasBody,
  PARTS_FOLLOW,
  readBody,
  refuseBody,
  requestWire,
  sendParts,
  tooLarge,
  type UploadRules,
} from './core/worker.ts'
import { HTTP_CLIENT, HTTPS_CLIENT, HTTPS_SERVER } from './modes.ts'

/** Those with connections: also after they were closed, while what is in flight finishes. */
const listeners = new Set<HttpListener>()

/** Answers a request from the cache, or has the owner answer it. */
function serve(request: IncomingMessage, response: HttpResponse, connection: HttpConnection): void {
  const forward = (): void => hand(request, response, connection)
  if (!connection.listener.cache.serve(request, response, forward)) forward()
}

/** Sends a request to the owner: at once, when its body is there, or with its body behind it in chunks. */
function hand(request: IncomingMessage, response: HttpResponse, connection: HttpConnection): void {
  const { bodyStream, maxBodySize, decompress, uploads } = connection.listener.settings
  if (!hasBody(request)) {
    connection.open(request, response, requestWire(request, null))
    return
  }
  const form = formRules(request, uploads.rules)
  // A form that is taken apart here must be read here.
  if ((decompress || form) && !acceptCoding(request, response, decompress)) return
  if (form) takeForm(request, response, connection, form)
  else if (bodyStream) stream(request, response, connection, maxBodySize)
  else
    new BodyCollector(request, response, maxBodySize, (body, trailers) => {
      connection.open(request, response, requestWire(request, body, trailers))
    })
}

function takeForm(
  request: IncomingMessage,
  response: HttpResponse,
  connection: HttpConnection,
  rules: UploadRules,
): void {
  const { maxBodySize } = connection.listener.settings
  if (rules.streamed) {
    sendParts(request, response, rules, maxBodySize, () =>
      connection.open(request, response, requestWire(request, PARTS_FOLLOW)),
    )
    return
  }
  new FormCollector(request, response, rules, maxBodySize, {
    taken: ({ fields, files, trailers, discard }) => {
      const form = JSON.stringify({ fields, files } satisfies FormWire)
      const exchange = connection.open(request, response, requestWire(request, form, trailers))
      if (exchange) exchange.over = discard
      else discard()
    },
  })
}

function stream(
  request: IncomingMessage,
  response: HttpResponse,
  connection: HttpConnection,
  limit: number,
): void {
  if (announcesTooMuch(request, limit)) {
    refuseBody(request, response, tooLarge(limit))
    return
  }
  const exchange = connection.open(request, response, requestWire(request, true))
  if (!exchange) return
  exchange.receiving()
  readBody(request, response, limit, exchange)
}

export default defineWorker({
  open(mode, socket) {
    if (mode === HTTP_CLIENT || mode === HTTPS_CLIENT) return new HttpClient(socket, mode === HTTPS_CLIENT)
    const listener = new HttpListener(socket, { secure: mode === HTTPS_SERVER, onRequest: serve })
    listeners.add(listener)
    void listener.closed.then(() => listeners.delete(listener))
    return listener
  },
  async dispose() {
    const ending = [...listeners]
    for (const listener of ending) listener.close({ abort: true })
    await Promise.all(ending.map(listener => listener.closed))
  },
})
