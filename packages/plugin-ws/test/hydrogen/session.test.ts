import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Commands, readToken, Session } from '../../src/hydrogen/session/index.ts'

const ann = { user: 'ann', permissions: ['*'] }
const anything = () => true

function resumed(session: Session, token: string, now = 0): { token: string; generation: number } {
  const result = session.resume(token, ann, now, anything)
  if (result.error !== undefined) throw new Error(result.error)
  return result
}

describe('a resume', () => {
  test('gives the session to the new connection, and a new token; the old connection is fenced', () => {
    const session = Session.create(ann)
    const first = session.token
    expect(session.isCurrent(1)).toBe(true)
    const { token, generation } = resumed(session, first)
    expect([generation, session.isCurrent(1), session.isCurrent(2)]).toEqual([2, false, true])
    expect(token).not.toBe(first)
    expect(session.token).toBe(token)
    expect(resumed(session, token).generation).toBe(3)
  })

  test('with the old socket still open works, again and again', () => {
    const session = Session.create(ann)
    for (let generation = 2; generation < 50; generation++) {
      expect(resumed(session, session.token).generation).toBe(generation)
      session.confirm(generation)
    }
  })

  test('a second resume with an old token, after the new one was confirmed, ends the session for both', () => {
    const session = Session.create(ann)
    const stolen = session.token
    const { token, generation } = resumed(session, stolen)
    session.confirm(generation)
    expect(session.resume(stolen, ann, 0, anything)).toEqual({ error: 'session_reused' })
    expect([session.ended, session.isCurrent(generation)]).toEqual([true, false])
    expect(session.resume(token, ann, 0, anything)).toEqual({ error: 'session_unknown' })
  })

  test('using the new token confirms it too', () => {
    const session = Session.create(ann)
    const first = session.token
    resumed(session, resumed(session, first).token)
    expect(session.resume(first, ann, 0, anything)).toEqual({ error: 'session_reused' })
  })

  test('a cut before the answer arrived is no theft: the token is good until the next one is confirmed', () => {
    const session = Session.create(ann)
    const first = session.token
    for (let i = 0; i < 5; i++) expect(resumed(session, first).generation).toBe(i + 2)
    session.confirm(6)
    expect(session.resume(first, ann, 0, anything)).toEqual({ error: 'session_reused' })
  })

  test('a fenced connection confirms nothing and takes no session away', () => {
    const session = Session.create(ann)
    const first = session.token
    resumed(session, first)
    resumed(session, first)
    session.confirm(2)
    session.detach(2, 0)
    expect(session.expired(1e9)).toBe(false)
    resumed(session, first)
    expect(session.ended).toBe(false)
  })

  test('whoever is the thief, both tokens in use end it once one side confirmed', () => {
    const session = Session.create(ann)
    const shared = session.token
    const thief = resumed(session, shared)
    const owner = resumed(session, shared)
    session.confirm(owner.generation)
    expect(session.resume(thief.token, ann, 0, anything)).toEqual({ error: 'session_reused' })
    expect(session.ended).toBe(true)
  })

  test('a token is bound to its user', () => {
    const session = Session.create(ann)
    const { token } = session
    expect(session.resume(token, { user: 'bob', permissions: [] }, 0, anything)).toEqual({
      error: 'session_user',
    })
    expect(session.ended).toBe(false)
    expect(resumed(session, token).generation).toBe(2)
  })

  test('a token of another session, a forged or a garbled one does no harm', () => {
    const session = Session.create(ann)
    const { token } = session
    const forged = [
      Session.create(ann).token,
      '',
      'a.b.c',
      `${session.id}.1.`,
      `${session.id}.1.AAAA`,
      token.replace('.1.', '.2.'),
      token.replace('.1.', '.01.'),
      token.replace('.1.', '.1e0.'),
      `${token}.x`,
      token.replace(/.{5}$/, '-----'),
      'x'.repeat(10_000),
    ]
    for (const one of forged)
      expect(session.resume(one, ann, 0, anything).error, one).toMatch(/invalid|unknown/)
    expect(session.ended).toBe(false)
    expect(session.generation).toBe(1)
    fc.assert(fc.property(fc.string(), text => readToken(text) === undefined || text.split('.').length === 3))
  })

  test('the time of a session runs only while it has no connection', () => {
    const session = Session.create(ann, { ttl: 1000 })
    expect(session.expired(1e9)).toBe(false)
    session.detach(1, 5000)
    expect(session.expired(5999)).toBe(false)
    expect(session.resume(session.token, ann, 6000, anything)).toEqual({ error: 'session_expired' })
    resumed(session, session.token, 5999)
    expect(session.expired(1e9)).toBe(false)
  })

  test('permissions are those of now: what was revoked meanwhile does not come back with the session', () => {
    const session = Session.create(ann)
    session.subscribe({ pattern: 'news.*' })
    session.subscribe({ pattern: 'admin.>' })
    const result = session.resume(
      session.token,
      { user: 'ann', permissions: ['news:*'] },
      0,
      pattern => pattern !== 'admin.>',
    )
    expect(result).toMatchObject({ revoked: ['admin.>'] })
    expect([...session.subscriptions]).toEqual([{ pattern: 'news.*' }])
    expect(session.permissions).toEqual(['news:*'])
  })

  test('an ended session does not come back', () => {
    const session = Session.create(ann)
    session.end()
    expect(session.resume(session.token, ann, 0, anything)).toEqual({ error: 'session_unknown' })
  })
})

describe('a session', () => {
  test('is the same after it was kept as plain values', () => {
    const session = Session.create(ann)
    session.subscribe({ pattern: 'a.*', filter: { attr: 'x', op: 'exists' }, lane: 1, ack: true })
    session.commands.receive(1)
    session.commands.complete(1, '{"ok":true}')
    session.commands.receive(2)
    const { token } = resumed(session, session.token)
    session.detach(2, 500)
    const record = session.snapshot()
    expect(JSON.parse(JSON.stringify(record))).toEqual(record)
    const copy = Session.from(JSON.parse(JSON.stringify(record)))
    expect(copy.snapshot()).toEqual(record)
    expect(resumed(copy, token, 600).generation).toBe(3)
    expect(copy.commands.receive(1)).toEqual({ verdict: 'repeat', response: '{"ok":true}' })
    expect(copy.commands.receive(2)).toEqual({ verdict: 'run' })
    expect(copy.commands.receive(2)).toEqual({ verdict: 'in_progress' })
    expect([...copy.subscriptions]).toHaveLength(1)
    expect(copy.unsubscribe('a.*')).toBe(true)
    expect(copy.unsubscribe('a.*')).toBe(false)
  })
})

describe('commands', () => {
  test('run once: a repeated one gets the response of the first', () => {
    const commands = new Commands()
    expect(commands.receive(1)).toEqual({ verdict: 'run' })
    expect(commands.receive(1)).toEqual({ verdict: 'in_progress' })
    expect(commands.complete(1, 'done')).toBe(true)
    expect(commands.complete(1, 'again')).toBe(false)
    expect(commands.receive(1)).toEqual({ verdict: 'repeat', response: 'done' })
    expect(commands.seen).toBe(1)
  })

  test('one before it may not be missing', () => {
    const commands = new Commands()
    expect(commands.receive(2)).toEqual({ verdict: 'cseq_gap' })
    expect(commands.seen).toBe(0)
  })

  test('what was forgotten is not run again', () => {
    const commands = new Commands({ maxCount: 2 })
    for (let cseq = 1; cseq <= 3; cseq++) {
      commands.receive(cseq)
      commands.complete(cseq, 'r')
    }
    expect(commands.receive(1)).toEqual({ verdict: 'response_forgotten' })
    expect(commands.receive(2)).toEqual({ verdict: 'repeat', response: 'r' })
  })

  test('keep and run no more than they may', () => {
    const commands = new Commands({ maxLength: 10, maxRunning: 3 })
    for (let cseq = 1; cseq <= 3; cseq++) expect(commands.receive(cseq)).toEqual({ verdict: 'run' })
    expect(commands.receive(4)).toEqual({ verdict: 'busy' })
    for (let cseq = 1; cseq <= 3; cseq++) commands.complete(cseq, 'xxxx')
    expect(commands.length).toBe(8)
    expect(commands.receive(4)).toEqual({ verdict: 'run' })
    commands.complete(4, 'x'.repeat(11))
    expect(commands.length).toBe(0)
    expect(commands.receive(4)).toEqual({ verdict: 'response_forgotten' })
  })

  test('over cuts, repetitions and restarts each is begun once, in order, and its client gets its response', () => {
    const step = fc.constantFrom('send', 'repeat', 'finish', 'restart')
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat()), { maxLength: 100, size: 'max' }), steps => {
        let commands = new Commands({ maxCount: 1000 })
        const run: number[] = []
        const done = new Set<number>()
        /** Whoever runs them has to be asked again. */
        const interrupted = new Set<number>()
        let sent = 0
        for (const [action, which] of steps) {
          if (action === 'send') {
            expect(commands.receive(++sent).verdict).toBe('run')
            run.push(sent)
          } else if (action === 'restart') {
            commands = new Commands({ maxCount: 1000 }, JSON.parse(JSON.stringify(commands.snapshot())))
            for (const cseq of run) if (!done.has(cseq)) interrupted.add(cseq)
          } else if (sent > 0) {
            const cseq = 1 + (which % sent)
            if (action === 'finish') {
              expect(commands.complete(cseq, `r${cseq}`)).toBe(!done.has(cseq))
              done.add(cseq)
              interrupted.delete(cseq)
            } else if (done.has(cseq))
              expect(commands.receive(cseq)).toEqual({ verdict: 'repeat', response: `r${cseq}` })
            else
              expect(commands.receive(cseq)).toEqual({
                verdict: interrupted.delete(cseq) ? 'run' : 'in_progress',
              })
          }
          expect(commands.seen).toBe(sent)
        }
        expect(run).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
      }),
    )
  })
})
