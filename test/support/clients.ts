/** HTTP clients: node:http's, with connections that are kept. */
import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

export interface Answer {
  status: number
  body: string
}

/** Sends a GET and reads the whole answer; rejects when the connection fails before its end. */
export async function get(url: string, agent?: http.Agent, signal?: AbortSignal): Promise<Answer> {
  const request = http.get(url, { ...(agent && { agent }), ...(signal && { signal }) })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return { status: response.statusCode!, body: await text(response) }
}

/** Milliseconds that a client waits after a failed request: it does not storm a server that is coming back. */
const RETRY = 5

/** Clients that ask all the time, each for an answer that is nobody else's. */
export class SteadyLoad implements AsyncDisposable {
  readonly #agent: http.Agent
  readonly #loops: Promise<void>[]
  #stopped = false
  #asked = 0
  /** Answers that were as they should be. */
  answered = 0
  failed = 0
  /** Answers that were another's, or not a 200. */
  readonly wrong: Answer[] = []

  /** @param url Answers with the text of its parameter `id`. */
  constructor(url: string, clients: number) {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: clients })
    this.#loops = Array.from({ length: clients }, () => this.#loop(url))
  }

  async #loop(url: string): Promise<void> {
    while (!this.#stopped) {
      const id = String(++this.#asked)
      try {
        const answer = await get(`${url}?id=${id}`, this.#agent)
        if (answer.status === 200 && answer.body === id) this.answered++
        else this.wrong.push(answer)
      } catch {
        this.failed++
        await delay(RETRY)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
    this.#agent.destroy()
  }
}
