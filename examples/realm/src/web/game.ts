/**
 * The subprotocol `game`: `{ line }` is what is typed; what comes back is the room and what happens in it. Whoever has
 * such a connection plays.
 *
 * | `type` | |
 * |---|---|
 * | `room` | `id, name, description, exits, players, isNew`: where the player is, or with `isNew` has just come to |
 * | `players` | `players`: who else is there now |
 * | `text` | `text`: what the game answers |
 * | `event` | `event, name, text`: what somebody does |
 * | `bye` | `text`: it is over |
 * @module
 */
import { Session } from '../play/session.ts'
import { JsonView } from './json-view.ts'
import { NORMAL, refuse, type Subprotocol } from './subprotocol.ts'

export const game: Subprotocol = ({ house, player, line }) => {
  const visit = {
    isGuest: false,
    end(words: string): void {
      line.send({ type: 'bye', text: words })
      line.close(NORMAL, words)
      house.leave(player, visit)
    },
  }
  const refusal = house.refusal(player)
  if (refusal !== undefined) {
    visit.end(refusal)
    return undefined
  }
  house.enter(player, visit)
  const session = new Session(house.world, player, new JsonView(line), words => visit.end(words))
  return {
    receive({ line: typed }) {
      if (typeof typed === 'string') session.line(typed)
      else refuse(line, 'A game message has a line.')
    },
    happened: event => session.happened(event),
    gone: () => house.leave(player, visit),
  }
}
