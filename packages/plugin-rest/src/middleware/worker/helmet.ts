/**
 * Helmet's header fields: the same on every response, so that it is asked for them once.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HelmetSettings } from '../types.ts'

/**
 * Names and values in turn.
 * @throws {Error} for settings that helmet does not take.
 */
export async function helmetFields(settings: HelmetSettings): Promise<string[]> {
  const { default: helmet } = await import('helmet')
  const fields = new Map<string, string>()
  const response = {
    setHeader: (name: string, value: unknown) => void fields.set(name, String(value)),
    removeHeader: (name: string) => void fields.delete(name),
  }
  let failure: unknown
  helmet(settings as object)({} as IncomingMessage, response as unknown as ServerResponse, error => {
    failure = error
  })
  if (failure) throw failure
  return [...fields].flat()
}
