/**
 * What an answer is going to say: its own fields, and the listener's where it has none of the name.
 * @module
 */
import { fieldOf } from '../cache/fields.ts'
import { type HttpResponse, TYPES } from '../server/response.ts'
import { connectionOf } from '../server/tracking.ts'
import type { Answer } from './filter.ts'

type Head = Omit<Answer, 'body'>

/** A field's value; `name` in lower case. */
export function effectiveField({ fields }: Head, name: string, { req }: HttpResponse): string | undefined {
  return (
    fieldOf(fields, name) ?? fieldOf(connectionOf(req.socket)?.listener.settings.defaultHeaders ?? [], name)
  )
}

export function mediaTypeOf(head: Head, response: HttpResponse): string {
  return effectiveField(head, 'content-type', response) ?? TYPES[head.kind]
}

/** Sets a field that an answer has once. */
export function setField(fields: string[], name: string, value: string): void {
  dropField(fields, name)
  fields.push(name, value)
}

/** Takes a field away. */
export function dropField(fields: string[], name: string): void {
  const lower = name.toLowerCase()
  for (let i = fields.length - 2; i >= 0; i -= 2) if (fields[i]!.toLowerCase() === lower) fields.splice(i, 2)
}

/** Takes away what is said of the very bytes of a body that becomes others. */
export function forgetBytes(fields: string[]): void {
  dropField(fields, 'content-length')
  dropField(fields, 'accept-ranges')
  weaken(fields)
}

/** RFC 9110 section 8.8.3.3: other bytes have another strong tag. */
export function weaken(fields: string[]): void {
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]!.toLowerCase() === 'etag' && !fields[i + 1]!.startsWith('W/'))
      fields[i + 1] = `W/${fields[i + 1]}`
}
