/**
 * Takes in a whole form: files to the disk, fields to memory.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { type BodyReceiver, type Refusal, readBody, refuseBody, resumeBody } from '../server/body.ts'
import type { HttpResponse } from '../server/response.ts'
import { connectionOf } from '../server/tracking.ts'
import { FieldReader } from './fields.ts'
import { FileWriter } from './file-writer.ts'
import { type FormHandler, MultipartParser } from './multipart-parser.ts'
import { boundaryOf, type PartHead } from './part-head.ts'
import { PartLimits } from './part-limits.ts'
import { refusalOf } from './refused-form.ts'
import type { UploadRules } from './rules.ts'
import type { FileWire } from './wire.ts'

/** A form that is there. */
export interface ReadForm {
  readonly fields: Readonly<Record<string, string | string[]>>
  readonly files: readonly FileWire[]
  readonly trailers: readonly string[]
  /** Takes its files off the disk that nobody has moved. */
  discard(): void
}

export interface FormTaker {
  /** All of it is there; whoever gets it discards it. */
  taken(form: ReadForm): void
  /** It was refused, and the client told so, or the client has left. */
  gone?(): void
}

/** The codes of a disk that is full (`507`). */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

export class FormCollector implements BodyReceiver, FormHandler {
  readonly #request: IncomingMessage
  readonly #response: HttpResponse
  readonly #rules: UploadRules
  readonly #limits: PartLimits
  readonly #taker: FormTaker
  readonly #files: FileWriter[] = []
  readonly #fields = new Map<string, string[]>()
  readonly #written: Promise<void>[] = []
  #parser: MultipartParser | undefined
  #file: FileWriter | undefined
  #field: FieldReader | undefined
  #waiting = false
  #over = false

  /** @param limit Bytes of the body where the rules have no limit for all of it. */
  constructor(
    request: IncomingMessage,
    response: HttpResponse,
    rules: UploadRules,
    limit: number,
    taker: FormTaker,
  ) {
    this.#request = request
    this.#response = response
    this.#rules = rules
    this.#limits = new PartLimits(rules)
    this.#taker = taker
    request.once('close', () => {
      if (!request.complete) this.#leave()
    })
    // Whoever answers before all of it is there: a time limit, or a client that has ended its side.
    response.once('close', () => this.#leave())
    this.#trying(() => {
      const boundary = boundaryOf(request.headers['content-type']!)
      this.#parser = new MultipartParser(boundary, rules.limits.headers, this)
      readBody(request, response, rules.limits.total ?? limit, this)
    })
  }

  bodyChunk(data: Buffer): boolean {
    if (!this.#over) this.#trying(() => this.#parser!.push(data))
    return !this.#waiting
  }

  bodyEnd(trailers: readonly string[]): void {
    if (this.#over) return
    this.#trying(() => {
      this.#parser!.end()
      void Promise.all(this.#written).then(() => this.#finish(trailers))
    })
  }

  bodyRefused(refusal: Refusal): void {
    if (this.#over) return
    this.#leave()
    refuseBody(this.#request, this.#response, refusal)
  }

  partBegin(head: PartHead): void {
    this.#limits.count(head)
    if (head.filename === undefined) this.#field = new FieldReader(head, this.#rules.limits.fieldSize)
    else this.#begin(head)
  }

  partData(data: Buffer): void {
    if (this.#field) {
      this.#field.add(data)
      return
    }
    const file = this.#file!
    if (!file.write(data)) this.#waiting = true
    this.#limits.checkSize(file.size)
  }

  partEnd(): void {
    const field = this.#field
    this.#field = undefined
    if (field) {
      const { name } = field.head
      const before = this.#fields.get(name)
      if (before) before.push(field.text())
      else this.#fields.set(name, [field.text()])
      return
    }
    this.#written.push(this.#file!.end())
    this.#file = undefined
  }

  #begin(head: PartHead): void {
    this.#file = new FileWriter(
      this.#rules.dir,
      head,
      () => this.#drained(),
      error => this.#failed(error),
    )
    this.#files.push(this.#file)
  }

  #drained(): void {
    if (!this.#waiting) return
    this.#waiting = false
    resumeBody(this.#request)
  }

  #trying(step: () => void): void {
    const refused = refusalOf(step)
    if (refused) this.bodyRefused(refused)
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#over) return
    const { listener } = connectionOf(this.#request.socket) ?? {}
    listener?.socket.log('error', `a file of a form could not be written: ${error.message}`, {
      code: error.code,
    })
    this.bodyRefused(
      FULL.has(error.code)
        ? { status: 507, detail: 'There is no room for the files.' }
        : { status: 500, detail: 'The files could not be written.' },
    )
  }

  #finish(trailers: readonly string[]): void {
    if (this.#over) return
    if (this.#request.socket.destroyed) {
      this.#leave()
      return
    }
    this.#over = true
    const wires = this.#files.map(file => file.wire())
    const empty = (wire: FileWire): boolean => wire.filename === '' && wire.size === 0
    for (const [i, wire] of wires.entries()) if (empty(wire)) void this.#files[i]!.discard()
    this.#taker.taken({
      fields: this.#fieldValues(),
      files: wires.filter(wire => !empty(wire)),
      trailers,
      discard: () => this.#discard(),
    })
  }

  #fieldValues(): Record<string, string | string[]> {
    const values: Record<string, string | string[]> = Object.create(null)
    for (const [name, texts] of this.#fields) values[name] = texts.length === 1 ? texts[0]! : texts
    return values
  }

  #leave(): void {
    if (this.#over) return
    this.#over = true
    this.#discard()
    this.#taker.gone?.()
  }

  #discard(): void {
    for (const file of this.#files) void file.discard()
  }
}
