/** RFC 6455 section 7: closing. */
import { closeRows } from './rows/close.ts'
import { runRows } from './support/table.ts'

runRows(closeRows)
