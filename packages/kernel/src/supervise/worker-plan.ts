/**
 * Which workers a program's choice of plugins needs, and which of them a keeper.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Isolation, Plugin, ResourceLimits } from '../plugin/plugin.ts'
import { DEFAULT_LIMITS, type StoreLimits } from '../store/limits.ts'

export interface WorkerPlan {
  readonly name: string
  readonly isolation: Isolation
  readonly plugins: readonly Plugin[]
  readonly resourceLimits: ResourceLimits | undefined
  /** Undefined where no plugin uses a store. */
  readonly storeLimits: StoreLimits | undefined
  readonly keeper: KeeperPlan | undefined
}

export interface KeeperPlan {
  readonly isolation: Isolation
  readonly resourceLimits: ResourceLimits | undefined
}

/** @throws SocketError EPLUGINLOAD when plugins of one worker do not agree, or a limit is none */
export function planWorkers(plugins: readonly Plugin[]): WorkerPlan[] {
  return Array.from(groupByWorker(plugins), ([name, members]) => ({
    name,
    isolation: agreed(
      `worker ${name}`,
      members.map(plugin => plugin.settings.isolation),
    ),
    plugins: members,
    resourceLimits: members.find(plugin => plugin.settings.resourceLimits)?.settings.resourceLimits,
    storeLimits: storeLimits(members),
    keeper: planKeeper(name, members),
  }))
}

function groupByWorker(plugins: readonly Plugin[]): Map<string, Plugin[]> {
  const groups = new Map<string, Plugin[]>()
  for (const plugin of plugins) {
    const name = plugin.settings.worker ?? plugin.definition.name
    groups.set(name, [...(groups.get(name) ?? []), plugin])
  }
  return groups
}

/** One for all plugins of a worker, when the program asks for it or a plugin does. */
function planKeeper(name: string, members: readonly Plugin[]): KeeperPlan | undefined {
  const wanting = members.filter(({ definition: { keeper }, settings }) =>
    settings.keeper === undefined ? keeper && !keeper.optional : settings.keeper,
  )
  if (wanting.length === 0) return undefined
  const settings = wanting.map(plugin => plugin.settings.keeper || {})
  return {
    isolation: agreed(
      `the keeper of worker ${name}`,
      settings.map(keeper => keeper.isolation),
    ),
    resourceLimits: settings.find(keeper => keeper.resourceLimits)?.resourceLimits,
  }
}

/** Who shares a store finds room in it for what it asked: of each limit the largest holds. */
function storeLimits(members: readonly Plugin[]): StoreLimits | undefined {
  const asked = members
    .filter(({ definition, settings }) => settings.keeper || definition.keeper)
    .map(({ definition: { name, keeper: declared }, settings: { keeper: chosen } }) => ({
      ...DEFAULT_LIMITS,
      ...checked(name, declared?.limits),
      ...checked(name, chosen ? chosen.limits : undefined),
    }))
  const [first] = asked
  if (!first) return undefined
  const largest = { ...first }
  for (const limits of asked)
    for (const name of Object.keys(largest) as (keyof StoreLimits)[])
      largest[name] = Math.max(largest[name], limits[name])
  return largest
}

function checked(plugin: string, limits: Partial<StoreLimits> = {}): Partial<StoreLimits> {
  for (const [name, value] of Object.entries(limits))
    if (!Object.hasOwn(DEFAULT_LIMITS, name) || !Number.isSafeInteger(value) || value < 1)
      throw new SocketError('EPLUGINLOAD', `plugin ${plugin}: ${value} is no limit ${name} of a store`)
  return limits
}

function agreed(who: string, isolations: readonly (Isolation | undefined)[]): Isolation {
  const chosen = new Set(isolations.filter(isolation => isolation !== undefined))
  if (chosen.size <= 1) return [...chosen][0] ?? 'thread'
  throw new SocketError(
    'EPLUGINLOAD',
    `${who} cannot be ${[...chosen].join(' and ')} at once: its plugins must agree on their isolation`,
  )
}
