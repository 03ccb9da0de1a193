/**
 * A player in play: what is typed, and what is seen of the world.
 * @module
 */
import type { Player, World, WorldEvent } from '../world.ts'
import { runCommand } from './commands.ts'
import { sendArrival, sendDeparture, sendPlace, sendSpeech } from './gmcp.ts'
import { describeEvent, describeRoom } from './scenery.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

const PROMPT = '> '

export class Session {
  readonly world: World
  readonly player: Player
  readonly terminal: Terminal
  /** Ends the visit, with a last word. */
  readonly quit: (words: string) => void

  constructor(world: World, player: Player, terminal: Terminal, quit: (words: string) => void) {
    this.world = world
    this.player = player
    this.terminal = terminal
    this.quit = quit
    terminal.setPrompt(PROMPT)
    this.look()
    this.sendPlace()
  }

  get exits(): string[] {
    return Object.keys(this.world.room(this.player.room)?.exits ?? {})
  }

  line(text: string): void {
    runCommand(this, printable(text).trim())
  }

  look(): void {
    const { world, player, terminal } = this
    const room = world.room(player.room)
    if (room) terminal.print(describeRoom(world, room, player, terminal.paint))
  }

  /** Tells a GMCP client where the player is. */
  sendPlace(): void {
    const { world, player, terminal } = this
    const room = world.room(player.room)
    if (room) sendPlace(terminal.gmcp, world, player, room)
  }

  happened(event: WorldEvent): void {
    if (event.player === this.player) this.#did(event)
    else if (event.room === this.player.room) this.#saw(event)
  }

  #did(event: WorldEvent): void {
    if (event.type === 'gone') this.quit('You fade out of the realm.')
    else if (event.type === 'arrived') {
      this.look()
      this.sendPlace()
    } else if (event.type === 'said') {
      this.terminal.print(`${this.terminal.paint('speech', 'You say:')} ${event.text}`)
      sendSpeech(this.terminal.gmcp, event.player, event.text)
    }
  }

  #saw(event: WorldEvent): void {
    const { world, terminal } = this
    terminal.print(describeEvent(world, event, terminal.paint))
    if (event.type === 'said') sendSpeech(terminal.gmcp, event.player, event.text)
    else if (event.type === 'arrived') sendArrival(terminal.gmcp, event.player)
    else if (event.type === 'left' || event.type === 'gone') sendDeparture(terminal.gmcp, event.player)
  }
}
