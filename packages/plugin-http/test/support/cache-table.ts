/** The outcome of the cache cases as the manual has it. */
import { GROUPS } from './cache-cases.ts'

export function casesTable(): string {
  const rows = GROUPS.map(({ name, cases }) => {
    const count = (kind: string) => {
      const all = cases.filter(found => found.kind === kind)
      const same = all.filter(({ otherwise }) => otherwise === undefined)
      return all.length === 0 ? '' : `${same.length} of ${all.length}`
    }
    return `| ${name} | ${count('must')} | ${count('optimal')} | ${count('check')} |`
  })
  const others = GROUPS.flatMap(({ cases }) =>
    cases
      .filter(({ otherwise }) => otherwise !== undefined)
      .map(({ id, otherwise }) => `| ${id} | ${otherwise} |`),
  )
  return [
    '| cases | must | optimal | check |',
    '|---|---|---|---|',
    ...rows,
    '',
    '| case with another outcome here | because |',
    '|---|---|',
    ...others,
  ].join('\n')
}
