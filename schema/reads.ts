import type { SubjectsRead } from '../src/accesslog/port.js';
import type { Category } from '../src/kernel/personal.js';

const known = new Map<string, readonly Category[]>();

/** The same array for the same categories, whatever their order: there are as many as there are kinds of selections. */
export const categorySet = (categories: Iterable<Category>): readonly Category[] => {
  const sorted = [...new Set(categories)].sort();
  const name = sorted.join();
  const same = known.get(name);
  if (same !== undefined) return same;
  known.set(name, sorted);
  return sorted;
};

/** Who keeps account of reads; told of every answer before it leaves, on whichever lane. */
export interface ReadRecorder<Context> {
  /** Gives nothing where nobody's data is in the answer. What it rejects with is answered instead. */
  record(context: Context, operation: string): Promise<void> | undefined;
  /** An answer was begun and is not given. */
  forget(context: Context): void;
}

/** For a server that holds nobody's data. */
export const nothingRead: ReadRecorder<unknown> = { record: () => undefined, forget: () => undefined };

/** Whose data an answer holds, and what of theirs, noted down while it is made. */
export class Reads {
  readonly #noted = new Map<readonly Category[], Map<string, Set<string>>>();

  /** @param categories one of `categorySet` */
  note(categories: readonly Category[], subject: string, controller: string): void {
    const byController = this.#noted.get(categories) ?? this.#begin(categories);
    const subjects = byController.get(controller);
    if (subjects === undefined) byController.set(controller, new Set([subject]));
    else subjects.add(subject);
  }

  #begin(categories: readonly Category[]): Map<string, Set<string>> {
    const byController = new Map<string, Set<string>>();
    this.#noted.set(categories, byController);
    return byController;
  }

  /** For an answer that was not given. */
  forget(): void {
    this.#noted.clear();
  }

  /** What was noted; nothing is afterwards. */
  take(): readonly SubjectsRead[] {
    const taken: SubjectsRead[] = [];
    for (const [categories, byController] of this.#noted) {
      for (const [controller, subjects] of byController)
        taken.push({ controller, categories, subjects: [...subjects] });
    }
    this.#noted.clear();
    return taken;
  }
}
