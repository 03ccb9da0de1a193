import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMAND, type Verb } from '../src/telnet/commands.ts'
import type { Side } from '../src/telnet/options.ts'
import { QMethod } from '../src/telnet/q-method.ts'

const { WILL, WONT, DO, DONT } = COMMAND

/** A negotiator that accepts some options, with what it sent and told. */
class Peer {
  readonly sent: [Verb, number][] = []
  readonly told: [number, Side, boolean][] = []
  readonly options: QMethod

  constructor(accepted: readonly number[] = []) {
    this.options = new QMethod({
      send: (verb, option) => this.sent.push([verb, option]),
      accepts: option => accepted.includes(option),
      changed: (option, side, enabled) => this.told.push([option, side, enabled]),
    })
  }
}

describe('an option that the peer turns on', () => {
  test('is agreed to once where it is accepted', () => {
    const us = new Peer([1])
    us.options.receive(WILL, 1)
    us.options.receive(WILL, 1)
    us.options.receive(DO, 1)
    expect(us.sent).toEqual([
      [DO, 1],
      [WILL, 1],
    ])
    expect(us.told).toEqual([
      [1, 'remote', true],
      [1, 'local', true],
    ])
    expect(us.options.isEnabled(1, 'remote')).toBe(true)
  })

  test('is refused at each request where it is not', () => {
    const us = new Peer()
    us.options.receive(WILL, 85)
    us.options.receive(DO, 85)
    us.options.receive(DO, 85)
    expect(us.sent).toEqual([
      [DONT, 85],
      [WONT, 85],
      [WONT, 85],
    ])
    expect(us.told).toEqual([])
  })

  test('goes off when the peer says so, and that is acknowledged once', () => {
    const us = new Peer([1])
    us.options.receive(WILL, 1)
    us.options.receive(WONT, 1)
    us.options.receive(WONT, 1)
    expect(us.sent).toEqual([
      [DO, 1],
      [DONT, 1],
    ])
    expect(us.told.at(-1)).toEqual([1, 'remote', false])
  })
})

describe('a request', () => {
  test('is sent once, and on when the peer agrees', () => {
    const us = new Peer()
    us.options.request(1, 'local', true)
    us.options.request(1, 'local', true)
    us.options.receive(DO, 1)
    us.options.request(1, 'local', true)
    expect(us.sent).toEqual([[WILL, 1]])
    expect(us.told).toEqual([[1, 'local', true]])
  })

  test('that is refused is told', () => {
    const us = new Peer()
    us.options.request(1, 'remote', true)
    us.options.receive(WONT, 1)
    expect(us.sent).toEqual([[DO, 1]])
    expect(us.told).toEqual([[1, 'remote', false]])
  })

  test('to turn off what is off does nothing', () => {
    const us = new Peer()
    us.options.request(1, 'local', false)
    expect(us.sent).toEqual([])
  })

  test('that is taken back before the answer waits for it', () => {
    const us = new Peer()
    us.options.request(1, 'local', true)
    us.options.request(1, 'local', false)
    expect(us.sent).toEqual([[WILL, 1]])
    us.options.receive(DO, 1)
    expect(us.sent).toEqual([
      [WILL, 1],
      [WONT, 1],
    ])
    us.options.receive(DONT, 1)
    expect(us.sent).toHaveLength(2)
    expect(us.options.isEnabled(1, 'local')).toBe(false)
    expect(us.told).toEqual([])
  })

  test('to turn on again before the answer to turning off waits for it', () => {
    const us = new Peer()
    us.options.request(1, 'remote', true)
    us.options.receive(WILL, 1)
    us.options.request(1, 'remote', false)
    us.options.request(1, 'remote', true)
    expect(us.sent).toEqual([
      [DO, 1],
      [DONT, 1],
    ])
    us.options.receive(WONT, 1)
    us.options.receive(WILL, 1)
    expect(us.sent).toEqual([
      [DO, 1],
      [DONT, 1],
      [DO, 1],
    ])
    expect(us.told).toEqual([
      [1, 'remote', true],
      [1, 'remote', false],
      [1, 'remote', true],
    ])
  })

  test('to turn off that the peer answers by agreeing leaves it off', () => {
    const us = new Peer([1])
    us.options.receive(WILL, 1)
    us.options.request(1, 'remote', false)
    us.options.receive(WILL, 1)
    expect(us.options.isEnabled(1, 'remote')).toBe(false)
    expect(us.sent).toHaveLength(2)
  })
})

describe('two peers', () => {
  const option = fc.nat(3)
  const act = fc.oneof(
    fc.record({
      who: fc.nat(1),
      option,
      side: fc.constantFrom<Side>('local', 'remote'),
      enable: fc.boolean(),
    }),
    fc.record({ deliver: fc.nat(1) }),
  )

  test('settle on the same whatever they ask for, and do not loop', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), fc.array(option), fc.array(option), (acts, a, b) => {
        const peers = [new Peer(a), new Peer(b)] as const
        const read = [0, 0]
        let requests = 0
        /** Gives one message of a peer to the other. */
        const deliver = (from: number): boolean => {
          const message = peers[from]!.sent[read[from]!]
          if (!message) return false
          read[from]!++
          peers[1 - from]!.options.receive(...message)
          return true
        }
        for (const one of acts) {
          if ('deliver' in one) deliver(one.deliver)
          else {
            requests++
            peers[one.who]!.options.request(one.option, one.side, one.enable)
          }
        }
        while (deliver(0) || deliver(1))
          expect(peers[0].sent.length + peers[1].sent.length).toBeLessThanOrEqual(4 * requests)
        for (let code = 0; code <= 3; code++) {
          expect(peers[0].options.isEnabled(code, 'local')).toBe(peers[1].options.isEnabled(code, 'remote'))
          expect(peers[1].options.isEnabled(code, 'local')).toBe(peers[0].options.isEnabled(code, 'remote'))
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('answer any stream of negotiation with no more messages than it has', () => {
    const message = fc.tuple(fc.constantFrom<Verb>(WILL, WONT, DO, DONT), option)
    fc.assert(
      fc.property(fc.array(message), fc.array(option), (messages, accepted) => {
        const us = new Peer(accepted)
        for (const [verb, code] of messages) us.options.receive(verb, code)
        expect(us.sent.length).toBeLessThanOrEqual(messages.length)
      }),
    )
  })
})
