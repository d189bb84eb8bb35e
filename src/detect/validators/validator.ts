/**
 * A check that a regular expression can't do: check digits, issuer ranges, entropy, a date that exists. Pure, total and
 * linear in the value's length: it never throws, whatever the value. One file per validator, one line in `registry.ts`.
 */
export interface Validator {
  /** As written in rules: `luhn`, `entropy(3.5)` is the validator `entropy` with the argument `3.5`. */
  readonly id: string
  /**
   * null rejects; else the value's canonical form: equal values have equal canonical forms. Validators of one pattern
   * run in their order, and each is given the canonical form of the one before it (the first: the text that matched),
   * so a validator must accept its own canonical forms.
   */
  check(value: string, argument: string | undefined): string | null
  /** What is wrong with an argument, for the rule's author; null when it is fine. Absent: takes no argument. */
  argumentProblem?(argument: string | undefined): string | null
}
