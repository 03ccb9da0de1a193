/**
 * The entries of the configuration, wherever they are from.
 * @module
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Node, ParseError } from 'jsonc-parser'
import type { ConfigSource } from './types.ts'

const SECTION = 'WebSocketServer'

/** A key of the section with its value. */
export interface ConfigEntry {
  readonly key: string
  readonly value: unknown
  /** Where it stands, for errors: `WebSocketServer.Port, line 4`. */
  readonly place: string
}

/** @throws {Error} saying what cannot be read, and on which line. */
export function entriesOf(source: ConfigSource): ConfigEntry[] {
  if (typeof source !== 'string') return entriesIn(source)
  if (source.includes('{')) return parse(source, '')
  return parse(readText(source), `${source}: `)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`the file cannot be read: ${(error as Error).message}`)
  }
}

function entriesIn(source: Readonly<Record<string, unknown>>): ConfigEntry[] {
  const section = source[SECTION]
  if (typeof section !== 'object' || section === null || Array.isArray(section))
    throw new Error(`${SECTION} is missing, or is no object`)
  return Object.entries(section).map(([key, value]) => ({ key, value, place: `${SECTION}.${key}` }))
}

/** JSON with comments, as editors know it. */
function parse(text: string, file: string): ConfigEntry[] {
  // Loaded with the first file: a program without one does not pay for it.
  const jsonc = createRequire(import.meta.url)('jsonc-parser') as typeof import('jsonc-parser')
  const errors: ParseError[] = []
  const root = jsonc.parseTree(text, errors)
  const [first] = errors
  if (first)
    throw new Error(`${file}line ${lineAt(text, first.offset)}: ${jsonc.printParseErrorCode(first.error)}`)
  const section = root && jsonc.findNodeAtLocation(root, [SECTION])
  if (section?.type !== 'object') throw new Error(`${file}${SECTION} is missing, or is no object`)
  return (section.children ?? []).map(property => entryOf(property, text, file, jsonc.getNodeValue))
}

function entryOf(
  { children, offset }: Node,
  text: string,
  file: string,
  toValue: (node: Node) => unknown,
): ConfigEntry {
  const [name, value] = children!
  const key = name!.value as string
  return { key, value: toValue(value!), place: `${file}${SECTION}.${key}, line ${lineAt(text, offset)}` }
}

function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
