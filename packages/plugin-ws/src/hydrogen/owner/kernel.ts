/**
 * What Hydrogen's calls need of the kernel.
 * @module
 */
import type { Fd } from '@unisock/kernel/plugin'
import type { RequestWire } from '../wire.ts'

/** The part of a kernel that calls on a listener go through. */
export interface HydrogenKernel {
  request(fd: any, data: any, how?: { signal?: AbortSignal; timeout?: number }): Promise<any>
  setOption(fd: any, option: any, value: any): Promise<void>
  getOption(fd: any, option: any): any
}

/** A listener of mode 30 or 32. */
export type HydrogenFd = Fd<any>

/** Asks the server of a listener; what it answers is of the kind that the request asks for. */
export function ask<T>(
  kernel: HydrogenKernel,
  fd: HydrogenFd,
  wire: RequestWire,
  signal?: AbortSignal,
): Promise<T> {
  return kernel.request(fd, wire, signal && { signal })
}
