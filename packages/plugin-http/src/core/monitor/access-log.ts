/**
 * The access log: a line for every request, whoever answered it.
 * @module
 */
import type { Addr, PluginSocket } from '@unisock/kernel/plugin'
import { matchesGlob } from '../cache/glob.ts'
import { decodePath, rawPath } from '../uri.ts'
import { escapeLog } from './log-escape.ts'
import { LogFile } from './log-file.ts'
import {
  combinedLine,
  commonLine,
  type LogRecord,
  logRecord,
  picked,
  refusedLine,
  refusedRecord,
} from './log-line.ts'
import type { AccessLogFormat, AccessLogSettings } from './options.ts'
import type { Visit } from './visit.ts'

/** Answers from here on are logged whatever the sample. */
const FAILURES = 400

export class AccessLog {
  readonly #settings: AccessLogSettings
  readonly #socket: PluginSocket
  readonly #file: LogFile | undefined

  private constructor(settings: AccessLogSettings, socket: PluginSocket, file: LogFile | undefined) {
    this.#settings = settings
    this.#socket = socket
    this.#file = file
  }

  /** @throws {SocketError} with the system's code for a file that cannot be opened */
  static async open(value: AccessLogFormat | AccessLogSettings, socket: PluginSocket): Promise<AccessLog> {
    const settings = typeof value === 'string' ? { format: value } : value
    const { file } = settings
    if (file === undefined) return new AccessLog(settings, socket, undefined)
    const opened = await LogFile.open(file, {
      trouble: ({ message }) => socket.log('error', `the access log cannot be written: ${message}`, { file }),
      lost: lines => socket.log('warn', `${lines} lines of the access log are lost`, { file }),
    })
    return new AccessLog(settings, socket, opened)
  }

  /** A request is over: `aborted` where the client had not all of its answer. */
  answered(visit: Visit, status: number, aborted: boolean): void {
    const { format, skip, sample = 1, fields } = this.#settings
    if (status < FAILURES && !aborted && sample < 1 && Math.random() >= sample) return
    const { request } = visit
    if (skip !== undefined && isSkipped(request.url!, skip)) return
    const told = { visit, status, aborted }
    if (format === 'json') {
      const record = logRecord(told)
      const { method, url } = request
      this.#record(
        fields ? picked(record, fields, request.headers) : record,
        escapeLog(`${method} ${url} ${status}`),
      )
    } else this.#line(format === 'combined' ? combinedLine(told) : commonLine(told))
  }

  /** What arrived was no request. */
  refused(addr: Addr, status: number, reason: string): void {
    const { format, fields } = this.#settings
    const refusal = { addr, time: Date.now(), status, reason }
    if (format === 'json') {
      const record = refusedRecord(refusal)
      this.#record(fields ? picked(record, fields) : record, `${reason} ${status}`)
    } else this.#line(refusedLine(refusal, format === 'combined'))
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  #record(record: LogRecord, message: string): void {
    if (this.#file) this.#file.write(JSON.stringify(record))
    else this.#socket.log('info', message, JSON.parse(JSON.stringify(record)))
  }

  #line(line: string): void {
    if (this.#file) this.#file.write(line)
    else this.#socket.log('info', line)
  }
}

function isSkipped(uri: string, skip: readonly string[]): boolean {
  const path = decodePath(rawPath(uri))
  return skip.some(pattern => matchesGlob(pattern, path))
}
