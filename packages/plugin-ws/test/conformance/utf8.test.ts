/** RFC 6455 section 8.1: UTF-8. */
import { utf8Rows } from './rows/utf8.ts'
import { runRows } from './support/table.ts'

runRows(utf8Rows)
