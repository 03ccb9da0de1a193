/**
 * A listener's options in the form that each request needs them in.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import { Finishing } from '../answer/finishing.ts'
import { FrontDoor } from '../apache/door.ts'
import { HTTP_DECOMPRESS } from '../decompress/options.ts'
import { type DecompressRules, decompressRules } from '../decompress/rules.ts'
import { flattenHeaders } from '../headers.ts'
import {
  HTTP_BODY_STREAM,
  HTTP_CONNECT_TIMEOUT,
  HTTP_HEADERS,
  HTTP_HEALTH_PATH,
  HTTP_KEEP_ALIVE_TIMEOUT,
  HTTP_MAX_BODY_SIZE,
  HTTP_READ_TIMEOUT,
  HTTP_TIMEOUT,
} from '../options.ts'
import { StaticFolders } from '../static/folders.ts'
import { HTTP_STATIC } from '../static/options.ts'
import { Uploads } from '../upload/uploads.ts'
import { Deadlines } from './deadlines.ts'

/** A slow header is more suspect than a slow body: it has a minute at most, where there is a limit at all. */
const MAX_HEADER_TIME = 60_000

export class HttpSettings {
  readonly #socket: PluginSocket
  /** Names and values in turn. */
  defaultHeaders: readonly string[] = []
  /** For the program's answers. */
  answers = new Deadlines(0)
  /** For the first byte of a connection. */
  firstBytes = new Deadlines(0)
  readTimeout = 0
  headerTimeout = 0
  keepAliveTimeout = 0
  maxBodySize = 0
  bodyStream = false
  healthPath: string | undefined
  /** What becomes of each answer on its way. */
  finishing!: Finishing
  /** Folders that are served here. */
  folders: StaticFolders | undefined
  /** How packed bodies are unpacked; undefined: they are not. */
  decompress: DecompressRules | undefined
  /** What becomes of forms with files. */
  readonly uploads: Uploads
  /** What is believed of the web server in front. */
  readonly door: FrontDoor

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.door = new FrontDoor(socket)
    this.uploads = new Uploads(socket)
    this.uploads.restore()
    this.#read()
  }

  /** Reads the options again. Deadlines that are set stay as they were set. */
  refresh(): void {
    this.door.refresh()
    this.#read()
  }

  #read(): void {
    const socket = this.#socket
    this.defaultHeaders = flattenHeaders(socket.option(HTTP_HEADERS)) ?? []
    this.answers = renew(this.answers, socket.option(HTTP_TIMEOUT))
    this.firstBytes = renew(this.firstBytes, socket.option(HTTP_CONNECT_TIMEOUT))
    this.readTimeout = socket.option(HTTP_READ_TIMEOUT)
    this.headerTimeout = Math.min(this.readTimeout, MAX_HEADER_TIME)
    this.keepAliveTimeout = socket.option(HTTP_KEEP_ALIVE_TIMEOUT)
    this.maxBodySize = socket.option(HTTP_MAX_BODY_SIZE)
    this.bodyStream = socket.option(HTTP_BODY_STREAM)
    this.healthPath = socket.option(HTTP_HEALTH_PATH)
    this.decompress = decompressRules(socket.option(HTTP_DECOMPRESS))
    this.finishing = new Finishing(socket)
    const folders = socket.option(HTTP_STATIC)
    this.folders = folders === undefined ? undefined : new StaticFolders(folders)
  }
}

function renew(deadlines: Deadlines, delay: number): Deadlines {
  return deadlines.delay === delay ? deadlines : new Deadlines(delay)
}
