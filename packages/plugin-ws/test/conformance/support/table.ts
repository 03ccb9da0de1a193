/** Runs rows of the table against a server and a client of ours. */
import type { Isolation, Mode } from '@unisock/kernel'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { OptionRow } from '../../support/kernel.ts'
import type { Role, Row } from './row.ts'
import { play, type Seat, seatFor } from './seat.ts'

export interface TableOptions {
  isolation?: Isolation
  /** Of our side. */
  options?: readonly OptionRow[]
  /** Of the peer's half of the handshake, by our role. */
  headers?: Partial<Record<Role, Record<string, string>>>
  /** The bytes come one at a time. */
  slowly?: boolean
  roles?: readonly Role[]
  /** Instead of modes 30 and 31. */
  mode?: Mode<any>
}

export function runRows(rows: readonly Row[], how: TableOptions = {}): void {
  const { isolation = 'inline', options = [], headers = {}, slowly = false } = how
  for (const role of how.roles ?? (['server', 'client'] as const)) {
    const mine = rows.filter(({ roles }) => roles?.includes(role) ?? true)
    if (mine.length === 0) continue
    const title = `a ${role}${how.mode === undefined ? '' : ` of mode ${how.mode}`}, ${isolation}${slowly ? ', byte by byte' : ''}`
    describe(title, () => {
      let seat: Seat
      beforeAll(async () => {
        seat = await seatFor(role, isolation, options, how.mode)
      })
      afterAll(() => seat[Symbol.asyncDispose]())
      test.each(mine.map(row => [row.clause, row.title, row] as const))('%s: %s', (_clause, _title, row) =>
        play(seat, row, { headers: headers[role] ?? {}, slowly }),
      )
    })
  }
}
