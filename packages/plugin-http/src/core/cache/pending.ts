/**
 * What the program is being asked: requests for the same wait for one answer.
 * @module
 */
import type { StoredResponse } from './stored-response.ts'

/** What those who wait are told. */
export type News =
  /** The response they may all have. */
  | { readonly stored: StoredResponse }
  /** `ask`: each is to ask for itself; `retry`: one of them may ask for all. */
  | 'ask'
  | 'retry'

/** One question that several requests have. */
export class Flight {
  #waiting: ((news: News) => void)[] = []

  join(waiter: (news: News) => void): void {
    this.#waiting.push(waiter)
  }

  land(news: News): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const waiter of waiting) waiter(news)
  }
}

/** The questions under one key. */
export class Pending {
  readonly key: string
  readonly uri: string
  /** By the request fields that responses under the key are told apart by. */
  readonly flights = new Map<string, Flight>()
  /** Exchanges whose answers may be stored under the key. */
  active = 0
  /** Times that what is stored under the key was invalidated: an answer from before is not stored. */
  invalidations = 0

  constructor(key: string, uri: string) {
    this.key = key
    this.uri = uri
  }

  /** What is being asked was asked too early. */
  invalidate(): void {
    this.invalidations++
    this.flights.clear()
  }
}
