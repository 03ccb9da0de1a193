/**
 * The header fields of a response: the reply's own and the listener's.
 * @module
 */

/** What node:http writes as UTF-8 when a string follows, though header fields are Latin-1. */
const LATIN1 = /[\x80-\xff]/

/** What a header array is made of. */
export interface Head {
  fields: string[]
  hasType: boolean
  hasLength: boolean
  hasLatin1: boolean
}

/**
 * The reply's own fields without those that are the server's to set, then the listener's defaults that it lacks.
 * `keepLength` where no body is sent, or a stream: then the program may know its length. No default can.
 */
export function assemble(
  own: readonly string[] | null,
  defaults: readonly string[],
  keepLength: boolean,
  trailers: boolean,
): Head {
  const head: Head = { fields: [], hasType: false, hasLength: false, hasLatin1: false }
  if (own) for (let i = 0; i < own.length; i += 2) append(head, own[i]!, own[i + 1]!, keepLength, trailers)
  for (let i = 0; i < defaults.length; i += 2)
    if (!own || !includes(own, defaults[i]!)) append(head, defaults[i]!, defaults[i + 1]!, false, trailers)
  return head
}

function append(head: Head, name: string, value: string, keepLength: boolean, trailers: boolean): void {
  switch (name.length) {
    case 7:
      if (!trailers && name.toLowerCase() === 'trailer') return
      break
    case 12:
      if (name.toLowerCase() === 'content-type') head.hasType = true
      break
    case 14:
      if (name.toLowerCase() !== 'content-length') break
      if (!keepLength) return
      head.hasLength = true
      break
    case 17:
      if (name.toLowerCase() === 'transfer-encoding') return
      break
  }
  if (LATIN1.test(value)) head.hasLatin1 = true
  head.fields.push(name, value)
}

/** Whether a field is there, whatever its case. */
export function includes(fields: readonly string[], name: string): boolean {
  const lower = name.toLowerCase()
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]!.length === lower.length && fields[i]!.toLowerCase() === lower) return true
  return false
}
