/** RFC 6455 section 5.4: fragments. */
import { fragmentationRows } from './rows/fragmentation.ts'
import { runRows } from './support/table.ts'

runRows(fragmentationRows)
