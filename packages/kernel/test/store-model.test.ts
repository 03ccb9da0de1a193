/**
 * Random calls against a plain model: what a store answers, what concurrent workers may do to each other, and that a
 * store gives back everything it took.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BatchCall, Store } from '../src/store/index.ts'
import { inlineRig, memoryRig } from './store-rigs.ts'
import { until } from './support/resources.ts'

interface ModelStream {
  made: number
  top: number
  entries: { offset: number; time: number; value: number }[]
  maxAge: number
  keys: Map<string, { offset: number; until: number }>
}

/** A store as one would write it without a thought for its cost. */
class Model {
  now = 0
  made = 0
  readonly streams = new Map<string, ModelStream>()
  readonly keys = new Map<string, { value: number; until: number; writes: number }>()
  readonly counters = new Map<string, { total: number; until: number }>()

  stream(name: string): ModelStream {
    const stream = this.streams.get(name) ?? {
      made: ++this.made,
      top: 0,
      entries: [],
      maxAge: Number.POSITIVE_INFINITY,
      keys: new Map(),
    }
    this.streams.set(name, stream)
    stream.entries = stream.entries.filter(({ time }) => time + stream.maxAge > this.now)
    for (const [key, { until }] of stream.keys) if (until <= this.now) stream.keys.delete(key)
    return stream
  }

  append(name: string, value: number, maxLength: number, maxAge: number, key: string | undefined) {
    const stream = this.stream(name)
    const known = key && stream.keys.get(key)
    if (known) return { made: stream.made, offset: known.offset, duplicate: true }
    stream.maxAge = maxAge
    stream.entries.push({ offset: ++stream.top, time: this.now, value })
    stream.entries = stream.entries.slice(-maxLength)
    if (key) stream.keys.set(key, { offset: stream.top, until: this.now + 5 * 60_000 })
    return { made: stream.made, offset: stream.top, duplicate: false }
  }

  key(name: string) {
    const found = this.keys.get(name)
    if (found && found.until <= this.now) this.keys.delete(name)
    return this.keys.get(name)
  }

  add(name: string, n: number, ttl: number) {
    const present = this.counters.get(name)
    const counter = present && present.until > this.now ? present : { total: 0, until: this.now + ttl }
    counter.total += n
    if (counter.total === 0) this.counters.delete(name)
    else this.counters.set(name, counter)
    return counter
  }
}

const name = fc.constantFrom('a', 'b')
const ttl = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined })
const step = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    name,
    value: fc.nat(99),
    maxLength: fc.integer({ min: 1, max: 5 }),
    maxAge: ttl,
    key: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('read' as const),
    name,
    from: fc.option(fc.nat(12), { nil: undefined }),
    limit: fc.nat(6),
    reverse: fc.boolean(),
  }),
  fc.record({ do: fc.constant('trim' as const), name, before: fc.nat(12) }),
  fc.record({ do: fc.constant('remove' as const), name }),
  fc.record({
    do: fc.constant('set' as const),
    name,
    value: fc.nat(99),
    ttl,
    condition: fc.constantFrom('none', 'absent', 'current', 'stale'),
  }),
  fc.record({ do: fc.constantFrom('get' as const, 'take' as const, 'delete' as const), name }),
  fc.record({ do: fc.constant('add' as const), name, n: fc.integer({ min: -2, max: 3 }), ttl }),
  fc.record({
    do: fc.constant('pass' as const),
    ms: fc.integer({ min: 1, max: 2000 }),
    timers: fc.boolean(),
  }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.constant(5 * 60_000), timers: fc.boolean() }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const forever = (ms: number | undefined): number => ms ?? Number.POSITIVE_INFINITY
const left = (until: number, now: number) => (until === Number.POSITIVE_INFINITY ? undefined : until - now)

async function check(
  store: Store,
  model: Model,
  move: (step: Step & { do: 'pass' }) => void,
  steps: Step[],
  offset: number,
) {
  /** Epochs are compared by which stream the model had then. */
  const epochs = new Map<string, number>()
  const madeOf = (epoch: string, made: number): number => {
    if (!epochs.has(epoch) && [...epochs.values()].every(other => other !== made)) epochs.set(epoch, made)
    return epochs.get(epoch) ?? -1
  }
  const versions = new Map<string, number[]>()
  for (const step of steps) {
    switch (step.do) {
      case 'append': {
        const { value, maxLength, maxAge, key } = step
        const answer = await store.append(step.name, value, { maxLength, maxAge, key })
        const { made, offset, duplicate } = model.append(step.name, value, maxLength, forever(maxAge), key)
        expect(answer).toEqual({ epoch: answer.epoch, offset, duplicate })
        expect(madeOf(answer.epoch, made)).toBe(made)
        break
      }
      case 'read': {
        const { from, limit, reverse } = step
        const page = await store.read(step.name, { from, limit, reverse })
        const { made, top, entries } = model.stream(step.name)
        const wanted = reverse
          ? entries.toReversed().filter(entry => entry.offset <= (from ?? top))
          : entries.filter(entry => entry.offset >= (from ?? 0))
        expect(page).toEqual({
          epoch: page.epoch,
          top,
          first: entries[0]?.offset ?? top + 1,
          entries: wanted.slice(0, limit).map(entry => ({ ...entry, time: entry.time + offset })),
        })
        expect(madeOf(page.epoch, made)).toBe(made)
        break
      }
      case 'trim': {
        const known = model.streams.has(step.name)
        const stream = model.stream(step.name)
        const kept = stream.entries.filter(entry => entry.offset >= step.before)
        expect(await store.trim(step.name, step.before)).toBe(stream.entries.length - kept.length)
        stream.entries = kept
        if (!known) model.streams.delete(step.name)
        break
      }
      case 'remove':
        expect(await store.remove(step.name)).toBe(model.streams.delete(step.name))
        break
      case 'set': {
        const seen = versions.get(step.name) ?? []
        versions.set(step.name, seen)
        const present = model.key(step.name)
        const current = present ? seen.at(-1) : undefined
        const condition =
          step.condition === 'absent'
            ? { ifAbsent: true }
            : step.condition === 'current' && current !== undefined
              ? { ifVersion: current }
              : step.condition === 'stale' && seen.length > 1
                ? { ifVersion: seen.at(-2) }
                : {}
        const expected =
          !(condition.ifAbsent && present) &&
          condition.ifVersion === (condition.ifVersion === undefined ? undefined : current)
        const answer = await store.set(step.name, step.value, { ttl: step.ttl, ...condition })
        expect(answer.done).toBe(expected)
        if (!expected) {
          expect(answer.version).toBe(current)
          break
        }
        expect(seen).not.toContain(answer.version)
        seen.push(answer.version!)
        model.keys.set(step.name, {
          value: step.value,
          until: model.now + forever(step.ttl),
          writes: seen.length,
        })
        break
      }
      case 'get':
      case 'take': {
        const present = model.key(step.name)
        const found = await store[step.do](step.name)
        expect(found).toEqual(
          present && {
            value: present.value,
            version: versions.get(step.name)!.at(-1),
            expiresIn: left(present.until, model.now),
          },
        )
        if (step.do === 'take') model.keys.delete(step.name)
        break
      }
      case 'delete':
        expect(await store.delete(step.name)).toBe(model.key(step.name) !== undefined)
        model.keys.delete(step.name)
        break
      case 'add': {
        const { total, until } = model.add(step.name, step.n, forever(step.ttl))
        expect(await store.add(step.name, step.n, { ttl: step.ttl })).toEqual({
          total,
          expiresIn: total === 0 ? undefined : left(until, model.now),
        })
        break
      }
      case 'pass':
        model.now += step.ms
        move(step)
    }
  }
}

describe.each([
  ['memory', memoryRig, 300],
  ['message ports', inlineRig, 60],
] as const)('over %s', (_over, start, numRuns) => {
  test('a store answers as the model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        await using rig = await start()
        const move = ({ ms, timers }: { ms: number; timers: boolean }): void =>
          timers ? rig.clock.advance(ms) : rig.clock.jump(ms)
        await check(await rig.open(), new Model(), move, steps, rig.clock.now())
      }),
      { numRuns },
    )
  })
})

test('whatever was kept, all of it is given back when its time is over', async () => {
  const timed = step.filter(({ do: what }) => what !== 'pass')
  await fc.assert(
    fc.asyncProperty(fc.array(timed, { maxLength: 60 }), async steps => {
      await using rig = await memoryRig({ positionTtl: 10_000 })
      const { store, clock } = rig
      for (const step of steps) {
        clock.advance(7)
        if (step.do === 'append')
          await store.append(step.name, step.value, { ...step, maxAge: step.maxAge ?? 500 })
        else if (step.do === 'set') await store.set(step.name, step.value, { ttl: step.ttl ?? 100 })
        else if (step.do === 'add') await store.add(step.name, step.n, { ttl: step.ttl ?? 100 })
        else if (step.do === 'trim') await store.trim(step.name, step.before)
        else if (step.do === 'read') await store.read(step.name)
        else if (step.do !== 'pass') await store[step.do](step.name)
      }
      clock.advance(400_000)
      expect(store.inspect()).toMatchObject({ bytes: 0, keys: 0, counters: 0, streams: 0 })
      expect(clock.timers).toBe(0)
    }),
  )
})

test('compare-and-set by many workers at once loses no update', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(3), { maxLength: 6 }), { minLength: 2, maxLength: 4 }),
      async plans => {
        await using rig = await inlineRig()
        const workers = await Promise.all(plans.map(() => rig.open()))
        await workers[0]!.set('sum', [])
        const increments = plans.map(async (plan, i) => {
          const worker = workers[i]!
          for (const [j, turns] of plan.entries()) {
            for (;;) {
              const { value, version } = (await worker.get('sum'))!
              for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
              const next = [...(value as string[]), `${i}.${j}`]
              if ((await worker.set('sum', next, { ifVersion: version })).done) break
            }
          }
        })
        await Promise.all(increments)
        const sum = (await workers[0]!.get('sum'))!.value as string[]
        expect(sum.toSorted()).toEqual(plans.flatMap((plan, i) => plan.map((_, j) => `${i}.${j}`)).toSorted())
      },
    ),
    { numRuns: 40 },
  )
})

test('what several workers take is given once, and none of it is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ worker: fc.nat(2), key: fc.nat(4), batched: fc.boolean() }), { maxLength: 40 }),
      async takes => {
        await using rig = await inlineRig()
        const workers = [await rig.open(), await rig.open(), await rig.open()]
        for (let key = 0; key < 5; key++) await workers[0]!.set(`t${key}`, key)
        const taken = await Promise.all(
          takes.map(async ({ worker, key, batched }) => {
            const call = ['take', `t${key}`] as const satisfies BatchCall
            if (!batched) return workers[worker]!.take(call[1])
            const [result] = await workers[worker]!.batch([call])
            return result.status === 'fulfilled' ? result.value : undefined
          }),
        )
        const got = taken.filter(found => found !== undefined).map(found => found.value)
        expect(got.toSorted()).toEqual([...new Set(takes.map(take => take.key))].toSorted())
      },
    ),
    { numRuns: 40 },
  )
})

test('a reader that joins position, live messages and history misses nothing and repeats nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(30), fc.nat(30), async (before, after) => {
      await using rig = await inlineRig()
      const writer = await rig.open()
      const reader = await rig.open()
      const append = (n: number) => writer.append('topic', n, { publish: 'live' })
      const writing = (async () => {
        for (let n = 1; n <= before + after; n++) await append(n)
      })()
      while ((await reader.read('topic', { limit: 0 })).top < before);
      const live: number[] = []
      const undo = await reader.subscribe('live', (_value, entry) => void live.push(entry!.offset))
      const { top, entries } = await reader.read('topic')
      await writing
      await until(() => (live.at(-1) ?? top) === before + after)
      undo()
      const seen = [...entries.map(entry => entry.offset), ...live.filter(offset => offset > top)]
      expect(seen).toEqual(Array.from({ length: before + after }, (_, i) => i + 1))
    }),
    { numRuns: 25 },
  )
})
