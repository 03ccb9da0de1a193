/**
 * The thread that reads a module and all that it imports, without their types; it tells them as one message.
 * @module
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { ClientModules } from './client-modules.ts'

/** What is imported or exported from a neighbour, once there are no types. */
const NEIGHBOUR = /\bfrom\s*['"](\.[^'"]+)['"]/g

function read(entry: string): ClientModules {
  const root = dirname(dirname(entry))
  const sources = new Map<string, string>()
  const visit = (file: string): void => {
    const path = relative(root, file)
    if (sources.has(path)) return
    const text = readFileSync(file, 'utf8')
    const source = file.endsWith('.ts') ? stripTypeScriptTypes(text) : text
    sources.set(path, source)
    for (const [, neighbour] of source.matchAll(NEIGHBOUR)) visit(join(dirname(file), neighbour!))
  }
  visit(entry)
  return { entry: join(basename(dirname(entry)), basename(entry)), sources }
}

parentPort!.postMessage(read(workerData))
