/**
 * Problem documents (RFC 9457) for what the plugin answers by itself.
 * @module
 */

export const PROBLEM_TYPE = 'application/problem+json'

/** Titles of the statuses that are answered without the program, as RFC 9110 section 15 and RFC 6585 name them. */
const TITLES = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
} as const

export type ProblemStatus = keyof typeof TITLES

/** The document as JSON text. Its type is `about:blank`, so that the title is the status's (RFC 9457 section 4.2.1). */
export function problemText(status: ProblemStatus, detail?: string): string {
  return JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail })
}

export function problemTitle(status: ProblemStatus): string {
  return TITLES[status]
}
