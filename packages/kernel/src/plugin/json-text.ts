/**
 * JSON text of what a program hands over.
 * @module
 */
import { SocketError } from '../errors.ts'

export interface JsonTextOptions {
  /** @default 'ETYPENOTSUPP' */
  code?: 'ETYPENOTSUPP' | 'EBADDATA'
  op?: string
}

/**
 * @param what The word for it, such as `a body`.
 * @throws {SocketError} for what JSON cannot say.
 */
export function jsonText(
  value: unknown,
  what: string,
  { code = 'ETYPENOTSUPP', op }: JsonTextOptions = {},
): string {
  let text: string | undefined
  let why = ''
  let cause: unknown
  try {
    text = JSON.stringify(value)
    why = value === undefined ? 'it is undefined' : `it is a ${typeof value}`
  } catch (error) {
    cause = error
    why = (error as Error).message
  }
  if (text !== undefined) return text
  const details = { ...(op !== undefined && { op }), ...(cause !== undefined && { cause }) }
  throw new SocketError(code, `${what} cannot be written as JSON: ${why}`, details)
}
