/**
 * Mode 0: telnet or mudmode, by SO_MUD_FRAMING.
 * @module
 */
import { SO_MUD_FRAMING } from '../options.ts'
import type { MakeFraming } from './framing.ts'
import { MudmodeFraming } from './mudmode.ts'
import { TelnetFraming } from './telnet.ts'

export const mudFraming: MakeFraming = pipe =>
  pipe.option(SO_MUD_FRAMING) === 'mudmode' ? new MudmodeFraming(pipe) : new TelnetFraming(pipe)
