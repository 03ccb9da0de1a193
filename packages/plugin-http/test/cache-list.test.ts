import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { CACHE_METHODS } from '../src/core/index.ts'
import { type Case, GROUPS, type Step } from './support/cache-cases.ts'
import { CacheRig, stillTime } from './support/cache-rig.ts'
import { casesTable } from './support/cache-table.ts'

/** What the program answers when it is asked: a 304 where it is asked with a validator of the cache's. */
function tell(rig: CacheRig, step: Step): void {
  const validated = step.expect === 'etag' || step.expect === 'date'
  rig.answer = step.fails
    ? undefined
    : {
        status: step.status ?? (validated ? 304 : 200),
        headers: step.answers ?? [],
        ...(step.body === undefined ? {} : { body: step.body }),
      }
}

async function play({ steps }: Case): Promise<void> {
  using time = stillTime()
  await using rig = await CacheRig.start([[CACHE_METHODS, ['GET', 'HEAD', 'POST']]])
  for (const [index, step] of steps.entries()) {
    const where = `step ${index + 1}`
    tell(rig, step)
    const before = rig.asked.length
    const { method = 'GET', query } = step
    const response = await rig.send(method, query === undefined ? '/' : `/?${query}`, step.sends)
    const asked = rig.asked.slice(before)
    expect([where, asked.length]).toEqual([where, step.expect === 'cached' ? 0 : 1])
    const { 'if-none-match': tag, 'if-modified-since': date } = asked[0]?.headers ?? {}
    if (step.expect === 'etag') expect([where, tag]).toEqual([where, expect.any(String)])
    if (step.expect === 'date') expect([where, date]).toEqual([where, expect.any(String)])
    if (step.expect === 'neither') expect([where, tag, date]).toEqual([where, undefined, undefined])
    const { status, headers = {}, without = [], body } = step.gets ?? {}
    if (status !== undefined) expect([where, response.status]).toEqual([where, status])
    if (body !== undefined) expect([where, response.body]).toEqual([where, body])
    for (const [name, value] of Object.entries(headers))
      expect([name, response.headers[name]]).toEqual([name, value])
    for (const name of without) expect([name, response.headers[name]]).toEqual([name, undefined])
    if (step.pause !== undefined) time.pass(step.pause)
  }
}

describe.each(GROUPS)('$name', ({ cases }) => {
  test.each(cases)('$id', play)
})

test('the manual tells which cases have another outcome here, and why', async () => {
  const page = await readFile(new URL('../../../docs/cache.md', import.meta.url), 'utf8')
  expect(page).toContain(casesTable())
})

test('no case is named twice', () => {
  const ids = GROUPS.flatMap(({ cases }) => cases.map(({ id }) => id))
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
})
