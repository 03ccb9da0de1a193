/** Sockets that are nothing but their options. */

import type { Connection, Option, PluginSocket } from '@unisock/kernel/plugin'
import { findOption } from '../../../../kernel/src/plugin/option.ts'
import { validateOption } from '../../../../kernel/src/registry/validate.ts'
import * as hydrogenOptions from '../../../src/hydrogen/options/index.ts'
import * as wsOptions from '../../../src/options/index.ts'

const NAMES = new Map<number, string>(
  Object.entries({ ...hydrogenOptions, ...wsOptions }).map(([name, number]) => [number as number, name]),
)

const definitionOf = (option: number) => findOption(option, NAMES.get(option)!)!

/** What the kernel says against a value; undefined: nothing. */
export function faultOf(option: number, value: unknown): string | undefined {
  try {
    validateOption(definitionOf(option), value, 0)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

export type Rows = readonly (readonly [option: number, value: unknown])[]

/** Functions are `{ $function }` already, as they are in a worker. */
export function optionsOf(rows: Rows): Pick<Connection, 'option'> {
  const values = new Map(rows)
  return {
    option: <T>(option: Option<T, any>) => {
      const { normalize, default: usual } = definitionOf(option)
      const value = values.get(option)
      if (value === undefined) return usual as T
      return (normalize ? normalize(value) : value) as T
    },
  }
}

export interface FakeListener {
  socket: PluginSocket
  /** What was asked of the program: function, number, token, scheme. */
  asked: { handler: number; wire: any[] }[]
  logged: string[]
  /** Sets options anew. */
  set(rows: Rows): void
}

/** A listener whose program answers questions at once, if at all. */
export function listenerOf(rows: Rows, onAsk?: (wire: any[]) => void): FakeListener {
  let reader = optionsOf(rows)
  const asked: FakeListener['asked'] = []
  const logged: string[] = []
  const socket = {
    fd: 1,
    store: { outlivesWorker: false },
    option: (option: Option<any, any>) => reader.option(option),
    emit: (wire: any[], { handler }: { handler: number }) => {
      asked.push({ handler, wire })
      onAsk?.(wire)
      return true
    },
    log: (_level: string, message: string, { reason }: { reason?: string } = {}) =>
      logged.push(`${message}: ${reason}`),
  } as unknown as PluginSocket
  return {
    socket,
    asked,
    logged,
    set: next => {
      reader = optionsOf(next)
    },
  }
}
