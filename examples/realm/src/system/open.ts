/**
 * What the realm has of the system it runs on: its configuration file, its text filter, and the signal of maintenance.
 * @module
 */
import type { Kernel } from '@unisock/kernel'
import type { Config } from '../config.ts'
import type { House } from '../house.ts'
import type { Say } from '../kept-open.ts'
import type { Player } from '../world.ts'
import type { ConfigFile } from './config-file.ts'
import { joinMaintenance } from './maintenance-group.ts'
import { TextFilter } from './text-filter.ts'

export interface SystemOptions {
  readonly config: ConfigFile | undefined
  /** The name of the group of eventfds that signals maintenance. */
  readonly maintenance: string | undefined
}

/** @param configure called when there is another configuration */
export async function openSystem(
  kernel: Kernel,
  house: House,
  keeper: Player,
  { config, maintenance }: SystemOptions,
  configure: () => void,
  say: Say,
): Promise<Disposable> {
  const opened = new DisposableStack()
  const filter = opened.use(new TextFilter(kernel, say))
  house.world.filter = filter.filter
  await filter.use(house.config.masked)
  const apply = (next: Config): void => {
    rename(house, keeper, next.keeper)
    house.config = next
    configure()
    void filter.use(next.masked)
  }
  if (config) await opened.use(config).watch(kernel, apply)
  if (maintenance !== undefined) opened.use(await joinMaintenance(kernel, maintenance, house, keeper, say))
  return opened
}

/** @throws Error when somebody else is called so */
function rename(house: House, keeper: Player, name: string): void {
  const other = house.world.playerNamed(name)
  if (other && other !== keeper) throw new Error(`the keeper cannot be called ${name}: somebody else is`)
  keeper.name = name
}
