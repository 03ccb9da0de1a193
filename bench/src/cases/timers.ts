/**
 * 100 000 socket timeouts armed again by traffic: our wheel beside one Node timer a socket.
 * @module
 */
import { IdleTimeouts, TimerWheel } from '@unisock/sockets'
import type { Case, Contender } from '../case.ts'

const SOCKETS = 100_000
const ROUNDS = 100
const WARM_UP = 10

/** Arms each timeout again, round after round; the first ten warm up. */
function rearmed(touch: readonly { touch(): void }[]): { 'cpu-rearm': number } {
  const round = (): void => {
    for (const item of touch) item.touch()
  }
  for (let i = 0; i < WARM_UP; i++) round()
  const before = process.threadCpuUsage()
  for (let i = 0; i < ROUNDS; i++) round()
  const { user, system } = process.threadCpuUsage(before)
  return { 'cpu-rearm': ((user + system) * 1000) / (ROUNDS * SOCKETS) }
}

const wheel: Contender = async () => {
  using shared = new TimerWheel()
  const items = Array.from({ length: SOCKETS }, () => {
    const idle = new IdleTimeouts(
      shared,
      () => {},
      () => {},
    )
    idle.setTimeout(60)
    return idle
  })
  return rearmed(items)
}

const nodeTimers: Contender = async () => {
  const timers = Array.from({ length: SOCKETS }, () => setTimeout(() => {}, 60_000))
  const figures = rearmed(timers.map(timer => ({ touch: () => void timer.refresh() })))
  for (const timer of timers) clearTimeout(timer)
  return figures
}

export const timers: Case = {
  name: 'timers',
  contenders: { unisock: wheel, 'node timers': nodeTimers },
  metrics: [{ figure: 'cpu-rearm', unit: 'ns/rearm', against: 'node timers', goal: { atMost: 0.1 } }],
  rounds: 5,
}
