/** RFC 6455 section 5.5: control frames. */
import { controlRows } from './rows/control.ts'
import { runRows } from './support/table.ts'

runRows(controlRows)
