/** What a listener knows of the commands of its sessions. */
import type { OwnerPort } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommandRun } from '../../src/hydrogen/owner/command-run.ts'
import { KeptReplies } from '../../src/hydrogen/owner/kept-replies.ts'
import type { ReplyWire } from '../../src/hydrogen/wire.ts'
import { wsOwner } from '../../src/owner/ws-owner.ts'
import { command } from './support/scripted.ts'

/** A port that only sends. */
class SendingPort {
  readonly sent: unknown[] = []
  credit = 0
  ended = false
  state: unknown
  readonly parent: OwnerPort | undefined

  constructor(parent?: SendingPort) {
    this.parent = parent?.port
  }

  send(wire: unknown): boolean {
    this.sent.push(wire)
    return true
  }

  consumed(bytes: number): void {
    this.credit += bytes
  }

  get port(): OwnerPort {
    return this as unknown as OwnerPort
  }
}

describe('the answer of a command', () => {
  test('goes to its connection, once', () => {
    const { port, sent } = new SendingPort()
    const run = new CommandRun(7, 's', 0, port)
    expect(run.answer(true, '1')).toBe(true)
    expect(run.answer(false, '2')).toBe(false)
    expect(sent).toEqual([['reply', 7, 's', 0, true, '1']])
  })

  test('goes to the listener where the connection has ended, if the command has a number', () => {
    const listener = new SendingPort()
    const connection = new SendingPort(listener)
    connection.ended = true
    new CommandRun(7, 's', 3, connection.port).answer(true, null)
    new CommandRun(8, 's', 0, connection.port).answer(true, null)
    expect(connection.sent).toEqual([])
    expect(listener.sent).toEqual([['reply', 7, 's', 3, true, null]])
  })

  test('goes to where the command came from last: when it is there, or at once', () => {
    const [first, second, third] = [new SendingPort(), new SendingPort(), new SendingPort()]
    const run = new CommandRun(1, 's', 3, first.port)
    run.repeat(9, second.port)
    run.answer(false, '{}')
    run.repeat(20, third.port)
    expect(first.sent).toEqual([])
    expect(second.sent).toEqual([['reply', 9, 's', 3, false, '{}']])
    expect(third.sent).toEqual([['reply', 20, 's', 3, false, '{}']])
  })
})

test('a command that was run and whose answer was given up is answered so, and not run again', () => {
  const listener = new SendingPort()
  listener.state = new KeptReplies({ maxCount: 1 })
  const connection = new SendingPort(listener)
  for (const cseq of [1, 2]) {
    const message = wsOwner.receive!(command({ run: cseq, cseq }), connection.port, 100)
    wsOwner.result!('done', connection.port, message)
  }
  expect(wsOwner.receive!(command({ run: 3, cseq: 1 }), connection.port, 100)).toBeUndefined()
  expect(connection.credit).toBe(100)
  const [run, , , ok, text] = (connection.sent[2] as ReplyWire).slice(1)
  expect([run, ok, JSON.parse(text as string).reason]).toEqual([3, false, 'response_forgotten'])
})

describe('kept replies', () => {
  const { port } = new SendingPort()
  const added = (replies: KeptReplies, session: string, cseq: number): CommandRun => {
    const run = new CommandRun(1, session, cseq, port, replies)
    replies.add(run)
    return run
  }

  test('are there until the store has them', () => {
    const replies = new KeptReplies()
    const run = added(replies, 's', 1)
    added(replies, 't', 1).answer(true, 'x')
    expect(replies.get('s', 1)).toBe(run)
    replies.forget('s', 1)
    expect(replies.get('s', 1)).toBeUndefined()
    expect(replies.get('t', 1)?.length).toBe(1)
    expect(replies.isGivenUp('s', 1)).toBe(false)
  })

  test('are there until the session is over, running or answered', () => {
    const replies = new KeptReplies()
    added(replies, 's', 1).answer(true, 'x')
    const running = added(replies, 's', 2)
    added(replies, 't', 1)
    replies.forgetSession('s')
    expect(replies.size).toBe(1)
    running.answer(true, 'y')
    expect(replies.size).toBe(1)
  })

  test('beyond the limit are given up, the oldest answer first, and their commands not run again', () => {
    const replies = new KeptReplies({ maxCount: 2 })
    const runs = [1, 2, 3, 4].map(cseq => added(replies, 's', cseq))
    for (const i of [2, 0, 1]) runs[i]!.answer(true, null)
    expect([1, 2, 3, 4].map(cseq => replies.get('s', cseq) !== undefined)).toEqual([true, true, false, true])
    expect([3, 4].map(cseq => replies.isGivenUp('s', cseq))).toEqual([true, false])
    replies.forgetSession('s')
    expect(replies.isGivenUp('s', 3)).toBe(false)
  })

  test('are bounded by their characters too', () => {
    const replies = new KeptReplies({ maxLength: 10 })
    added(replies, 's', 1).answer(true, '12345')
    added(replies, 's', 2).answer(true, '12345')
    expect(replies.size).toBe(2)
    added(replies, 't', 1).answer(true, '1')
    expect(replies.get('s', 1)).toBeUndefined()
    expect(replies.size).toBe(2)
  })

  test('that were given up are remembered of so many sessions', () => {
    const replies = new KeptReplies({ maxCount: 2 })
    for (const session of ['a', 'b', 'c', 'd', 'e', 'f']) added(replies, session, 1).answer(true, null)
    expect(['a', 'b', 'c', 'd', 'e'].map(session => replies.isGivenUp(session, 1))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ])
  })

  test('never exceed their limits, and keep what is running', () => {
    const step = fc.record({
      session: fc.constantFrom('a', 'b', 'c'),
      cseq: fc.integer({ min: 1, max: 8 }),
      what: fc.constantFrom('add', 'answer', 'forget', 'end'),
      text: fc.string({ maxLength: 6 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const replies = new KeptReplies({ maxCount: 4, maxLength: 12 })
        const running = new Map<string, CommandRun>()
        const answered = new Map<CommandRun, number>()
        for (const { session, cseq, what, text } of steps) {
          const key = `${session} ${cseq}`
          if (what === 'add' && !replies.get(session, cseq)) running.set(key, added(replies, session, cseq))
          if (what === 'answer') {
            const run = running.get(key)
            running.delete(key)
            run?.answer(true, text)
            if (run) answered.set(run, text.length)
          }
          if (what === 'forget') {
            replies.forget(session, cseq)
            running.delete(key)
          }
          if (what === 'end') {
            replies.forgetSession(session)
            for (const other of running.keys()) if (other.startsWith(session)) running.delete(other)
          }
          for (const run of running.values()) expect(replies.get(run.session, run.cseq)).toBe(run)
          const kept = [...answered].filter(([run]) => replies.get(run.session, run.cseq) === run)
          expect(kept.length).toBeLessThanOrEqual(4)
          expect(kept.reduce((sum, [, length]) => sum + length, 0)).toBeLessThanOrEqual(12)
          expect(replies.size).toBe(running.size + kept.length)
        }
      }),
    )
  })
})
