import { describe, expect, test } from 'vitest'
import {
  type ConnectionState,
  ConnectionStateMachine,
  TRANSITIONS,
} from '../../src/hydrogen/connection-state.ts'

const states = Object.keys(TRANSITIONS) as ConnectionState[]

/** A machine that was led to the state by the shortest way. */
function machineIn(state: ConnectionState): ConnectionStateMachine {
  const ways: ConnectionState[][] = [['connecting']]
  for (const way of ways) {
    if (way.at(-1) === state) {
      const machine = new ConnectionStateMachine()
      for (const step of way.slice(1)) machine.to(step)
      return machine
    }
    for (const next of TRANSITIONS[way.at(-1)!]) if (!way.includes(next)) ways.push([...way, next])
  }
  throw new Error(`${state} cannot be reached`)
}

describe('the connection state machine', () => {
  test('has ten states, all of which can be reached', () => {
    expect(states).toHaveLength(10)
    for (const state of states) expect(machineIn(state).state).toBe(state)
  })

  test.each(states.flatMap(from => states.map(to => [from, to] as const)))('%s to %s', (from, to) => {
    const machine = machineIn(from)
    if (TRANSITIONS[from].includes(to)) {
      machine.to(to)
      expect(machine.state).toBe(to)
    } else {
      expect(() => machine.to(to)).toThrow(`from ${from} to ${to}`)
      expect(machine.state).toBe(from)
    }
  })

  test('its transitions are seen until the observer leaves', () => {
    const machine = new ConnectionStateMachine()
    const seen: string[] = []
    const leave = machine.observe((to, from) => seen.push(`${from}>${to}`))
    machine.to('verifying')
    machine.to('established')
    leave()
    machine.to('connected')
    expect(seen).toEqual(['connecting>verifying', 'verifying>established'])
  })

  test.each<[ConnectionState, ConnectionState[], ConnectionState]>([
    ['connecting', ['failed'], 'failed'],
    ['verifying', ['rejected'], 'rejected'],
    ['established', ['connected', 'closing'], 'closed'],
    ['connected', ['closing'], 'closed'],
    ['heartbeat', ['connected', 'closing'], 'closed'],
    ['inactive', ['closing'], 'closed'],
    ['closing', [], 'closed'],
    ['closed', [], 'closed'],
    ['failed', [], 'failed'],
    ['rejected', [], 'rejected'],
  ])('closing in %s goes by %j and ends in %s, and every step is seen', (from, steps, end) => {
    const machine = machineIn(from)
    const seen: ConnectionState[] = []
    machine.observe(to => seen.push(to))
    machine.close()
    expect(seen).toEqual(steps)
    machine.end()
    expect(machine.state).toBe(end)
    expect(machine.final).toBe(true)
  })
})
