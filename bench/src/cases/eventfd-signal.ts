/**
 * Signals by an eventfd: written by the program, read in the worker and told to the program, one after the other.
 * @module
 */
import { createKernel } from '@unisock/kernel'
import { EXTERNAL_EVENTFD, external } from '@unisock/plugin-external'
import type { Case, Contender } from '../case.ts'

const WARM_UP = 2000

const roundTrips: Contender = async ({ quick }) => {
  const signals = quick ? 10_000 : 50_000
  await using kernel = await createKernel({ plugins: [external()] })
  let told = (): void => {}
  const fd = kernel.create(EXTERNAL_EVENTFD, () => told())
  const exchange = (count: number): Promise<void> =>
    new Promise(resolve => {
      let left = count
      told = () => {
        if (--left < 0) resolve()
        else kernel.write(fd, 1)
      }
      told()
    })
  await exchange(WARM_UP)
  const started = performance.now()
  await exchange(signals)
  return { 'round-trip': ((performance.now() - started) * 1000) / signals }
}

/** There is no peer: Node has no eventfds. Two crossings of a thread and two calls of the system are to be had for this. */
export const eventfdSignal: Case = {
  name: 'eventfd-signal',
  contenders: { unisock: roundTrips },
  metrics: [{ figure: 'round-trip', unit: 'µs', goal: { atMost: 100 } }],
  rounds: 5,
}
