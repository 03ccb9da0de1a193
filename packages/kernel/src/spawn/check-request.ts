/**
 * Requests to spawn as they arrive from a worker.
 * @module
 */
import { isAbsolute } from 'node:path'
import { SocketError } from '../errors.ts'
import type { HostRequest } from './process-host.ts'

/** @throws SocketError EPROTO */
export function checkRequest(value: unknown): HostRequest {
  const request = (value ?? {}) as Record<keyof HostRequest, unknown>
  need(typeof request.file === 'string' && isAbsolute(request.file), 'a file')
  need(request.args === undefined || isTexts(request.args), 'arguments')
  need(request.env === undefined || isTexts(Object.values(request.env ?? [])), 'an environment')
  for (const key of ['identity', 'cwd', 'cwdIdentity'] as const)
    need(request[key] === undefined || typeof request[key] === 'string', key)
  for (const key of ['uid', 'gid'] as const) need(request[key] === undefined || isCount(request[key]), key)
  need(request.grace === undefined || typeof request.grace === 'number', 'a grace')
  const { wrapper, door } = request as { wrapper?: Record<string, unknown>; door?: Record<string, unknown> }
  need(!wrapper || (typeof wrapper.file === 'string' && isTexts(wrapper.args)), 'a wrapper')
  need(!door || (typeof door.path === 'string' && isCount(door.count)), 'a door')
  need(Array.isArray(request.stdio) && request.stdio.every(isStdio), 'stdio')
  return value as HostRequest
}

function isStdio(each: unknown): boolean {
  if (each === 'ignore' || isCount(each)) return true
  return typeof each === 'object' && each !== null && isCount((each as { descriptor?: unknown }).descriptor)
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function need(condition: boolean, what: string): asserts condition {
  if (!condition) throw new SocketError('EPROTO', `a worker's request to spawn has ${what} that is none`)
}
