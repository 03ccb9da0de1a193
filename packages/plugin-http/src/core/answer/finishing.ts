/**
 * What a listener's options make of every answer, behind the filters of its own.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { PluginSocket } from '@unisock/kernel/plugin'
import { Compression } from './compression.ts'
import { isConditional } from './conditions.ts'
import { EntityTags } from './entity-tags.ts'
import type { AnswerFilter } from './filter.ts'
import { HTTP_COMPRESSION, HTTP_ETAG, HTTP_RANGES } from './options.ts'
import { Selecting } from './selecting.ts'

const NONE: readonly AnswerFilter[] = []

export class Finishing {
  /** Whether answers to all requests are concerned, and not only to those with conditions. */
  readonly isOn: boolean
  /** A validator is of what the program sent, conditions and parts of what the client gets. */
  readonly #filters: readonly AnswerFilter[]

  constructor(socket: PluginSocket) {
    const compression = socket.option(HTTP_COMPRESSION)
    const etag = socket.option(HTTP_ETAG)
    const ranges = socket.option(HTTP_RANGES)
    this.isOn = compression !== false || etag !== false || ranges
    const filters: AnswerFilter[] = []
    if (etag !== false) filters.push(new EntityTags(etag === true ? 'weak' : etag))
    if (compression !== false) filters.push(new Compression(compression === true ? {} : compression))
    this.#filters = [...filters, new Selecting(ranges)]
  }

  filtersFor({ headers }: IncomingMessage): readonly AnswerFilter[] {
    return this.isOn || isConditional(headers) ? this.#filters : NONE
  }
}
