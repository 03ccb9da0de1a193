/**
 * The world on a terminal, and by GMCP beside it.
 * @module
 */
import { describeEvent, describeRoom } from '../play/scenery.ts'
import type { Paint } from '../play/text.ts'
import type { Scene, View } from '../play/view.ts'
import type { World } from '../world.ts'
import type { HeardEvent, PlaceEvent } from '../world-event.ts'
import { sendArrival, sendDeparture, sendPlace, sendSpeech } from './gmcp.ts'
import type { Terminal } from './terminal.ts'

const PROMPT = '> '

export class TerminalView implements View {
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.setPrompt(PROMPT)
  }

  get paint(): Paint {
    return this.#terminal.paint
  }

  print(text: string): void {
    this.#terminal.print(text)
  }

  showRoom(scene: Scene, isNew: boolean): void {
    this.print(describeRoom(scene, this.paint))
    if (isNew) sendPlace(this.#terminal.gmcp, scene)
  }

  showEvent(world: World, event: PlaceEvent | HeardEvent, isOwn: boolean): void {
    const { gmcp } = this.#terminal
    this.print(describeEvent(world, event, this.paint, isOwn))
    if (event.type === 'said') sendSpeech(gmcp, 'say', event.player, event.text)
    else if (event.type === 'chatted') sendSpeech(gmcp, 'chat', event.player, event.text)
    else if (event.type === 'arrived') sendArrival(gmcp, event.player)
    else if (event.type === 'left' || event.type === 'gone') sendDeparture(gmcp, event.player)
  }
}
