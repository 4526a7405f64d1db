// The library is plain JavaScript without types; this is the part of it that forest.ts uses.
declare module "ml-isolation-forest" {
  export interface IsolationTree {
    readonly left?: IsolationTree;
    readonly right?: IsolationTree;
    readonly splitColumn?: number;
    readonly splitValue?: number;
    /** Of a leaf only: the rows that ended there. */
    readonly trainingSet?: readonly (readonly number[])[];
  }

  export class IsolationForest {
    constructor(options?: { nEstimators?: number });
    readonly forest: IsolationTree[];
    train(rows: readonly (readonly number[])[]): void;
    predict(rows: readonly (readonly number[])[]): number[];
  }
}
