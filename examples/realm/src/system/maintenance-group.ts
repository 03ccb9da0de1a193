/**
 * Maintenance, as other programs of this machine signal it: each signal begins it, or ends it. Whoever plays is told and
 * plays on; who is new is not let in.
 * @module
 */
import type { Kernel } from '@unisock/kernel'
import { EXTERNAL_EVENTFD } from '@unisock/plugin-external'
import type { House } from '../house.ts'
import { KeptOpen, type Say } from '../kept-open.ts'
import type { Player } from '../world.ts'
import { bindOrClose } from './bind.ts'

const REFUSAL = 'The realm is in maintenance. Come back later.'
const BEGINS = 'The realm goes into maintenance. Who leaves is not let in again until it is over.'
const ENDS = 'The maintenance is over.'

/** Joins the group of that name. `keeper` is who announces it. */
export async function joinMaintenance(
  kernel: Kernel,
  group: string,
  house: House,
  keeper: Player,
  say: Say,
): Promise<Disposable> {
  const toggle = (): void => {
    if (house.isOpen) house.shut(REFUSAL)
    else house.reopen()
    const words = house.isOpen ? ENDS : BEGINS
    house.world.announce(keeper, words)
    say(words)
  }
  const membership = new KeptOpen(
    'Maintenance cannot be signalled',
    lost => {
      const fd = kernel.create(
        EXTERNAL_EVENTFD,
        (_fd, { counter_value }) => {
          // Signals that came together are told as one count.
          if (BigInt(counter_value) % 2n === 1n) toggle()
        },
        (_fd, error) => lost(error),
      )
      return bindOrClose(kernel, fd, group)
    },
    say,
  )
  await membership.start()
  return membership
}
