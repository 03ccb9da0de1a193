/** A sample of the table in the other isolations, and one that arrives byte by byte. */
import { describe } from 'vitest'
import { allRows } from './rows/index.ts'
import { runRows } from './support/table.ts'

const sample = (step: number, offset: number) => allRows.filter((_, i) => i % step === offset)

describe.each(['thread', 'process'] as const)('over %s', isolation => {
  runRows(sample(11, isolation === 'thread' ? 0 : 5), { isolation })
})

/** What fits into few reads: each byte takes one. */
const short = sample(4, 1).filter(
  ({ given, expect }) =>
    expect.close !== undefined && given.reduce((sum, part) => sum + part(null).length, 0) <= 120,
)
runRows(short, { slowly: true })
