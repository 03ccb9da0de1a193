/** The whole table, for runs of a sample. */

import type { Row } from '../support/row.ts'
import { closeRows } from './close.ts'
import { controlRows } from './control.ts'
import { fragmentationRows } from './fragmentation.ts'
import { framingRows } from './framing.ts'
import { utf8Rows } from './utf8.ts'

export const allRows: readonly Row[] = [
  ...framingRows,
  ...controlRows,
  ...fragmentationRows,
  ...utf8Rows,
  ...closeRows,
]
