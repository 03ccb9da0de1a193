/** RFC 6455 sections 5.2 and 5.3: the head of a frame. */
import { framingRows } from './rows/framing.ts'
import { runRows } from './support/table.ts'

runRows(framingRows)
