// Generated from openapi/openapi.json by `npm run openapi`: change the schemas of the server's routes instead.

export type File = {
  id: string;
  object: 'file';
  bytes: number;
  created_at: number;
  filename: string;
  purpose: 'fine-tune';
  status: 'processed';
};

export type Usage = {
  /** Steps that the network ran, over all sequences */
  steps: number;
  /** Steps that were not run, since a text that was read lately begins the same way */
  reused_steps?: number;
  /** Tokens of the input that are not in the vocabulary */
  unknown: number;
  /** Milliseconds that the sequence which waited longest was queued */
  queued_ms: number;
  /** Milliseconds that the sequence which ran longest took */
  run_ms: number;
};

/** Stable name of the error */
export type ErrorCode =
  | 'malformed_http'
  | 'malformed_json'
  | 'malformed_encoding'
  | 'malformed_multipart'
  | 'invalid_request'
  | 'invalid_model_name'
  | 'unauthorized'
  | 'forbidden'
  | 'cross_site'
  | 'host_not_served'
  | 'not_found'
  | 'model_not_found'
  | 'alias_not_found'
  | 'method_not_allowed'
  | 'model_not_ready'
  | 'models_read_only'
  | 'wrong_task'
  | 'no_sequence_view'
  | 'request_timeout'
  | 'reader_stalled'
  | 'body_too_large'
  | 'path_too_long'
  | 'unsupported_media_type'
  | 'empty_input'
  | 'input_mismatch'
  | 'include_mismatch'
  | 'not_finite'
  | 'sequence_too_long'
  | 'too_many_inputs'
  | 'body_too_complex'
  | 'work_too_large'
  | 'reply_too_large'
  | 'upgrade_required'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal'
  | 'overloaded'
  | 'too_many_open_files'
  | 'shutting_down'
  | 'deadline_exceeded'
  | 'cancelled'
  | 'session_not_found'
  | 'mark_not_found'
  | 'session_exists'
  | 'session_unsupported'
  | 'session_conflict'
  | 'session_lost'
  | 'session_streaming'
  | 'session_expired'
  | 'session_ending'
  | 'invalid_state'
  | 'too_many_sessions'
  | 'session_busy'
  | 'sessions_full'
  | 'sessions_unavailable'
  | 'dataset_not_found'
  | 'job_not_found'
  | 'comparison_not_found'
  | 'checkpoint_not_found'
  | 'job_state_conflict'
  | 'publish_refused'
  | 'name_taken'
  | 'in_use'
  | 'invalid_dataset'
  | 'diverged'
  | 'training_too_large'
  | 'training_disabled'
  | 'training_unavailable'
  | 'too_many_jobs'
  | 'quota_exceeded'
  | 'disk_full'
  | 'invalid_model'
  | 'invalid_weights'
  | 'out_of_memory';

/** RFC 9457 problem document */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  /** The field, the limit and the given value */
  detail: string;
  field?: string;
  errors?: {
    field: string;
    message: string;
  }[];
};

export type OpenaiError = {
  error: {
    /** The field, the limit and the given value */
    message: string;
    type: string;
    /** The parameter that the error is about */
    param: string | null;
    code: ErrorCode;
  };
};

export type TrainingJob = {
  id: string;
  object: 'training.job';
  /** Name of the API key that made it */
  owner: string | null;
  status:
    | 'validating'
    | 'queued'
    | 'running'
    | 'paused'
    | 'publishing'
    | 'cancelling'
    | 'cancelled'
    | 'succeeded'
    | 'failed';
  task: string;
  /** Name of the model to publish */
  model: string;
  /** `name@version` of the published model */
  published: string | null;
  /** Whether and why the best checkpoint was published; null before that is decided */
  publication: {
    published: boolean;
    reason: string;
    /** Both models on the same validation data, where that decided */
    measured?: {
      metric: string;
      score: number | null;
      loss: number | null;
      /** `name@version` that had the traffic */
      current: string;
      current_score: number | null;
      current_loss: number | null;
    };
  } | null;
  comparison: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  seed: number;
  /** Null unless the job is running */
  progress: {
    epoch: number;
    step: number;
    steps: number;
    loss: number;
    steps_per_second: number;
    seconds_left: number | null;
  } | null;
  /** The latest evaluation */
  metrics: Record<string, number | null>;
  best_step: number | null;
  error: {
    code: string;
    message: string;
  } | null;
  /** The request, with all defaults */
  spec: Record<string, unknown>;
};

export type CheckedTrainingJob = {
  object: 'training.job.check';
  /** The least memory of weights, gradients and optimiser state, as far as the request says; null with a base */
  least_bytes: number | null;
  /** The request, with all defaults */
  spec: Record<string, unknown>;
};

export type TrainingEvent = {
  id: number;
  object: 'training.job.event';
  created_at: number;
  type: 'message' | 'metrics' | 'gradient_flow' | 'checkpoint' | 'status';
  level: string;
  message: string;
  step: number;
  data: Record<string, unknown>;
};

/** An event of the stream; `data` is JSON on a single line */
export type TrainingStreamEvent =
  | {
      id?: string;
      event: 'message';
      data: TrainingEvent;
    }
  | {
      id?: string;
      event: 'metrics';
      data: TrainingEvent;
    }
  | {
      id?: string;
      event: 'gradient_flow';
      data: TrainingEvent;
    }
  | {
      id?: string;
      event: 'checkpoint';
      data: TrainingEvent;
    }
  | {
      id?: string;
      event: 'status';
      data: TrainingEvent;
    }
  | {
      id?: string;
      event: 'progress';
      data: {
        epoch: number;
        step: number;
        steps: number;
        loss: number;
        steps_per_second: number;
        seconds_left: number | null;
      };
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

export type TrainingCheckpoint = {
  object: 'training.job.checkpoint';
  job: string;
  step: number;
  epoch: number;
  created_at: number;
  metrics: Record<string, number | null>;
  best: boolean;
  published: string | null;
};

export type TrainingSeries = {
  object: 'training.job.series';
  job: string;
  metric: string;
  /** In order of steps */
  points: {
    step: number;
    value: number;
  }[];
  /** How many measurements there are */
  measured: number;
  /** Every metric that the job has reported */
  metrics: string[];
};

export type Dataset = {
  id: string;
  object: 'dataset';
  /** Name of the API key that made it */
  owner: string | null;
  name: string;
  format: 'jsonl' | 'json' | 'csv' | 'text';
  bytes: number;
  records: number;
  created_at: number;
};

export type Comparison = {
  id: string;
  object: 'training.comparison';
  /** Name of the API key that made it */
  owner: string | null;
  model: string;
  status: 'running' | 'publishing' | 'succeeded' | 'failed' | 'cancelled';
  /** Why the best model could not be published */
  error: {
    code: string;
    message: string;
  } | null;
  created_at: number;
  published: string | null;
  /** Whether and why the best checkpoint was published; null before that is decided */
  publication: {
    published: boolean;
    reason: string;
    /** Both models on the same validation data, where that decided */
    measured?: {
      metric: string;
      score: number | null;
      loss: number | null;
      /** `name@version` that had the traffic */
      current: string;
      current_score: number | null;
      current_loss: number | null;
    };
  } | null;
  /** The metric by which trials are ranked */
  metric: string | null;
  lower_is_better: boolean;
  /** Best first */
  trials: {
    job: string;
    status:
      | 'validating'
      | 'queued'
      | 'running'
      | 'paused'
      | 'publishing'
      | 'cancelling'
      | 'cancelled'
      | 'succeeded'
      | 'failed';
    cell: string;
    settings: Record<string, unknown>;
    score: number | null;
    parameters: number | null;
    step_ms: number | null;
    seconds_to_target: number | null;
    /** Number of steps after which 1 % of the gradient remains */
    gradient_reach: number | null;
  }[];
};

export type InferenceError = {
  error: string;
};

export type DecodeReply = {
  model: string;
  version: number;
  usage: Usage;
  /** One for each source, in order */
  predictions: {
    /** Best first */
    hypotheses: {
      text: string;
      tokens: string[];
      score: number;
      finish_reason: 'stop' | 'length';
      logprobs?: number[];
      attention?: number[][];
    }[];
    source_tokens?: string[];
  }[];
};

export type InsideLayer = {
  layer: string;
  direction: 'forward' | 'backward';
  /** [steps, units] */
  shape: number[];
  hidden?: number[][] | string;
  /** Of LSTM and CIFG cells */
  cell?: number[][] | string;
  /** By name; a plain RNN has none */
  gates?: Record<string, number[][] | string>;
};

export type InsideStep = {
  layer: string;
  direction: 'forward' | 'backward';
  /** [units] */
  shape: number[];
  hidden?: number[] | string;
  cell?: number[] | string;
  gates?: Record<string, number[] | string>;
};

export type GenerateReply = {
  model: string;
  version: number;
  usage: Usage;
  /** Where return_state asks for it: the state after the input */
  state?: string;
  /** n for each prompt, in order */
  generations: {
    text: string;
    finish_reason: 'stop' | 'length';
    /** Tokens generated */
    tokens: number;
    logprobs?: {
      text: string;
      id: number;
      logprob: number;
      top: {
        text: string;
        id: number;
        logprob: number;
      }[];
    }[];
    /** With `include`: token k was drawn from row prompt_steps − 1 + k */
    prompt_steps?: number;
    /** What `include` asks for: an entry for each layer and direction, with a row for each step */
    inside?: InsideLayer[];
  }[];
};

export type InferenceMetadata = {
  name: string;
  versions: string[];
  platform: string;
  inputs: {
    name: string;
    datatype: string;
    shape: number[];
  }[];
  outputs: {
    name: string;
    datatype: string;
    shape: number[];
  }[];
  parameters: {
    optional_inputs: {
      name: string;
      datatype: string;
      shape: number[];
    }[];
  };
};

export type InferenceReply = {
  model_name: string;
  model_version: string;
  id?: string;
  outputs: {
    name: string;
    datatype: string;
    shape: number[];
    [key: string]: unknown;
  }[];
};

export type CompletionUsage = {
  /** Start tokens counted; each prompt once */
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
};

export type Completion = {
  id: string;
  object: 'text_completion';
  created: number;
  /** `name@version` */
  model: string;
  /** n for each prompt, in order */
  choices: {
    text: string;
    index: number;
    finish_reason: ('stop' | 'length') | null;
    logprobs: {
      tokens: string[];
      token_logprobs: number[];
      top_logprobs: Record<string, number>[];
      /** Code points of the text before each token */
      text_offset: number[];
    } | null;
  }[];
  usage?: CompletionUsage | null;
};

export type Embeddings = {
  object: 'list';
  data: {
    object: 'embedding';
    index: number;
    /** The last hidden row */
    embedding: number[] | string;
  }[];
  /** `name@version` */
  model: string;
  usage: {
    prompt_tokens: number;
    total_tokens: number;
  };
};

export type FineTuningJob = {
  id: string;
  object: 'fine_tuning.job';
  created_at: number;
  finished_at: number | null;
  estimated_finish: number | null;
  /** The model whose weights the job starts from; its own where it starts from none */
  model: string;
  /** `name@version` of the published model */
  fine_tuned_model: string | null;
  status: 'validating_files' | 'queued' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled';
  error: {
    code: string;
    message: string;
    param: string | null;
  } | null;
  hyperparameters: Record<string, unknown>;
  method: {
    type: 'supervised';
    [key: string]: unknown;
  };
  training_file: string;
  validation_file: string | null;
  seed: number;
  trained_tokens: null;
  organization_id: 'unroll';
  result_files: string[];
  integrations: unknown[];
};

export type FineTuningEvent = {
  id: string;
  object: 'fine_tuning.job.event';
  created_at: number;
  level: 'info' | 'warn' | 'error';
  message: string;
  type: 'message' | 'metrics';
  data: Record<string, unknown>;
};

export type FineTuningCheckpoint = {
  id: string;
  object: 'fine_tuning.job.checkpoint';
  created_at: number;
  fine_tuning_job_id: string;
  /** `name@version` where it is published */
  fine_tuned_model_checkpoint: string | null;
  step_number: number;
  metrics: Record<string, number | null>;
};

export type Model = {
  id: string;
  object: 'model';
  /** Seconds since 1970 */
  created: number;
  owned_by: 'unroll';
  task: string | null;
  /** The version that `id` refers to; null for what is not in the folder of a version, and where the alias default points at none */
  version: number | null;
  versions: number[];
  /** The version that each alias points at */
  aliases: Record<string, number>;
  ready: boolean;
  /** Why it is not ready */
  error: string | null;
  /** What runs requests of /v2: the graph of its file as it is, or its layers, batched by step */
  tensors: ('graph' | 'layers') | null;
  /** Why only /v2 serves it; null where the tasks of /v1 do, too */
  no_sequence_view: string | null;
};

export type ModelList = {
  object: 'list';
  data: Model[];
};

export type ModelDetails = {
  id: string;
  object: 'model';
  /** Seconds since 1970 */
  created: number;
  owned_by: 'unroll';
  task: string | null;
  /** The version that `id` refers to */
  version: number;
  versions: number[];
  /** The version that each alias points at */
  aliases: Record<string, number>;
  ready: boolean;
  /** Why it is not ready */
  error: string | null;
  /** What runs requests of /v2: the graph of its file as it is, or its layers, batched by step */
  tensors: ('graph' | 'layers') | null;
  /** Why only /v2 serves it; null where the tasks of /v1 do, too */
  no_sequence_view: string | null;
  description: string;
  /** False where the whole sequence is read before the first output */
  causal: boolean | null;
  parameters: number | null;
  weight_bytes: number | null;
  /** Of the weights of recurrent and dense layers; null where the model runs on no sequences */
  precision: ('float32' | 'int16' | 'int8') | null;
  /** float32 numbers in the state of one sequence */
  state_floats: number | null;
  layers: {
    name: string;
    type: string;
    detail: string;
    width: number;
    parameters: number;
  }[];
  kernel: {
    path: 'plain' | 'revectorised';
    reason: string;
  };
  inputs: {
    kind: 'text' | 'numeric';
    vocabulary?: string;
    size: number;
    features?: string[];
  } | null;
  labels: string[] | null;
  decoding: Record<string, unknown>;
  /** A body of the model's task: its author's, or one that is made of its inputs */
  example: Record<string, unknown> | null;
  /** A command that sends the example */
  curl: string | null;
  provenance: Record<string, unknown>;
  /** What was found and decided when its file was imported */
  notes: string[];
};

export type ModelAlias = {
  object: 'model.alias';
  model: string;
  alias: string;
  /** The version that it points at; null after it was deleted */
  version: number | null;
  /** False for default until it is set: it is then the highest version that is ready */
  set: boolean;
  /** Whether that version is loaded on this server */
  ready: boolean;
};

export type ChangedModelAlias = {
  object: 'model.alias';
  model: string;
  alias: string;
  /** The version that it points at; null after it was deleted */
  version: number | null;
  /** False for default until it is set: it is then the highest version that is ready */
  set: boolean;
  /** Whether that version is loaded on this server */
  ready: boolean;
  /** The version before, with which the change is undone */
  previous: number | null;
};

export type Deleted = {
  id: string;
  deleted: true;
};

export type Session = {
  id: string;
  object: 'session';
  /** Name of the API key that made it */
  owner: string | null;
  model: string;
  version: number;
  /** A state goes on wherever this is the same */
  weights_sha256: string;
  /** Steps, or tokens, of its sequence so far */
  position: number;
  /** Seconds since 1970 */
  created_at: number;
  ttl_s: number;
  durable: boolean;
  keep_steps: number;
  state_bytes: number;
  marks: {
    name: string;
    position: number;
  }[];
};

export type ClassifyReply = {
  model: string;
  version: number;
  usage: Usage;
  /** Where return_state asks for it: the state after the input */
  state?: string;
  /** One for each input, in order */
  predictions: {
    label: string;
    score: number;
    top: {
      label: string;
      score: number;
    }[];
    /** What `include` asks for: an entry for each layer and direction, with a row for each step */
    inside?: InsideLayer[];
  }[];
};

export type EmbedReply = {
  model: string;
  version: number;
  usage: Usage;
  /** Where return_state asks for it: the state after the input */
  state?: string;
  /** The last hidden row of each input */
  embeddings: number[][];
};

export type PredictReply = {
  model: string;
  version: number;
  usage: Usage;
  /** Where return_state asks for it: the state after the input */
  state?: string;
  predictions: {
    /** One row, or a fixed number of rows, where the network has one output for each sequence; otherwise a row for each step */
    output: number[] | number[][];
    /** What `include` asks for: an entry for each layer and direction, with a row for each step */
    inside?: InsideLayer[];
  }[];
};

export type TagReply = {
  model: string;
  version: number;
  usage: Usage;
  /** Where return_state asks for it: the state after the input */
  state?: string;
  predictions: {
    tokens: {
      text: string;
      label: string;
      score: number;
      /** UTF-16 units from the start of the input */
      start: number;
      end: number;
    }[];
    /** What `include` asks for: an entry for each layer and direction, with a row for each step */
    inside?: InsideLayer[];
  }[];
};

/** An event of the stream; `data` is JSON on a single line */
export type InputStreamEvent =
  | {
      id?: string;
      event: 'answer';
      data: {
        /** Steps of the sequence so far */
        position: number;
        [key: string]: unknown;
      };
    }
  | {
      id?: string;
      event: 'done';
      data: {
        /** The session after the call */
        session: {
          id: string;
          /** Steps, or tokens, of the sequence after this call */
          position: number;
        };
      };
    }
  | {
      id?: string;
      event: 'error';
      data: {
        type: string;
        title: string;
        status: number;
        code: ErrorCode;
        /** The field, the limit and the given value */
        detail: string;
        field?: string;
        errors?: {
          field: string;
          message: string;
        }[];
        line?: number;
        frame?: number;
        message?: number;
      };
    };

/** An event of the stream; `data` is JSON on a single line */
export type SessionStepEvent =
  | {
      id?: string;
      event: 'step';
      data:
        | {
            step: number;
            label: string;
            score: number;
            top: {
              label: string;
              score: number;
            }[];
            inside?: InsideStep[];
          }
        | {
            step: number;
            output: number[];
            inside?: InsideStep[];
          };
    }
  | {
      id?: string;
      event: 'token';
      data:
        | {
            text: string;
            label: string;
            score: number;
            /** UTF-16 units from the start of the input */
            start: number;
            end: number;
            inside?: InsideStep[];
          }
        | {
            index: number;
            text: string;
            id: number;
            logprob: number;
          }
        | {
            text: string;
            id: number;
            logprob: number;
            /** Which text it belongs to */
            choice: number;
            top?: {
              text: string;
              id: number;
              logprob: number;
            }[];
            inside?: InsideStep[];
          };
    }
  | {
      id?: string;
      event: 'done';
      data:
        | {
            model: string;
            version: number;
            usage: Usage;
            /** Where return_state asks for it: the state after the input */
            state?: string;
            /** One for each input, in order */
            predictions: {
              label: string;
              score: number;
              top: {
                label: string;
                score: number;
              }[];
              /** What `include` asks for: an entry for each layer and direction, with a row for each step */
              inside?: InsideLayer[];
            }[];
            /** The session after the call */
            session: {
              id: string;
              /** Steps, or tokens, of the sequence after this call */
              position: number;
            };
          }
        | {
            model: string;
            version: number;
            usage: Usage;
            /** Where return_state asks for it: the state after the input */
            state?: string;
            predictions: {
              tokens: {
                text: string;
                label: string;
                score: number;
                /** UTF-16 units from the start of the input */
                start: number;
                end: number;
              }[];
              /** What `include` asks for: an entry for each layer and direction, with a row for each step */
              inside?: InsideLayer[];
            }[];
            /** The session after the call */
            session: {
              id: string;
              /** Steps, or tokens, of the sequence after this call */
              position: number;
            };
          }
        | {
            model: string;
            version: number;
            usage: Usage;
            /** One for each source, in order */
            predictions: {
              /** Best first */
              hypotheses: {
                text: string;
                tokens: string[];
                score: number;
                finish_reason: 'stop' | 'length';
                logprobs?: number[];
                attention?: number[][];
              }[];
              source_tokens?: string[];
            }[];
            /** The session after the call */
            session: {
              id: string;
              /** Steps, or tokens, of the sequence after this call */
              position: number;
            };
          }
        | {
            model: string;
            version: number;
            usage: Usage;
            /** Where return_state asks for it: the state after the input */
            state?: string;
            predictions: {
              /** One row, or a fixed number of rows, where the network has one output for each sequence; otherwise a row for each step */
              output: number[] | number[][];
              /** What `include` asks for: an entry for each layer and direction, with a row for each step */
              inside?: InsideLayer[];
            }[];
            /** The session after the call */
            session: {
              id: string;
              /** Steps, or tokens, of the sequence after this call */
              position: number;
            };
          }
        | {
            model: string;
            version: number;
            usage: Usage;
            /** Where return_state asks for it: the state after the input */
            state?: string;
            /** n for each prompt, in order */
            generations: {
              text: string;
              finish_reason: 'stop' | 'length';
              /** Tokens generated */
              tokens: number;
              logprobs?: {
                text: string;
                id: number;
                logprob: number;
                top: {
                  text: string;
                  id: number;
                  logprob: number;
                }[];
              }[];
              /** With `include`: token k was drawn from row prompt_steps − 1 + k */
              prompt_steps?: number;
              /** What `include` asks for: an entry for each layer and direction, with a row for each step */
              inside?: InsideLayer[];
            }[];
            finish_reason: 'stop' | 'length';
            /** The session after the call */
            session: {
              id: string;
              /** Steps, or tokens, of the sequence after this call */
              position: number;
            };
          };
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

/** An event of the stream; `data` is JSON on a single line */
export type ClassifyEvent =
  | {
      id?: string;
      event: 'step';
      data: {
        step: number;
        label: string;
        score: number;
        top: {
          label: string;
          score: number;
        }[];
        inside?: InsideStep[];
      };
    }
  | {
      id?: string;
      event: 'done';
      data: ClassifyReply;
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

/** An event of the stream; `data` is JSON on a single line */
export type TagEvent =
  | {
      id?: string;
      event: 'token';
      data: {
        text: string;
        label: string;
        score: number;
        /** UTF-16 units from the start of the input */
        start: number;
        end: number;
        inside?: InsideStep[];
      };
    }
  | {
      id?: string;
      event: 'done';
      data: TagReply;
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

/** An event of the stream; `data` is JSON on a single line */
export type DecodeEvent =
  | {
      id?: string;
      event: 'token';
      data: {
        index: number;
        text: string;
        id: number;
        logprob: number;
      };
    }
  | {
      id?: string;
      event: 'done';
      data: DecodeReply;
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

/** An event of the stream; `data` is JSON on a single line */
export type GenerateEvent =
  | {
      id?: string;
      event: 'token';
      data: {
        text: string;
        id: number;
        logprob: number;
        /** Which text it belongs to */
        choice: number;
        top?: {
          text: string;
          id: number;
          logprob: number;
        }[];
        inside?: InsideStep[];
      };
    }
  | {
      id?: string;
      event: 'done';
      data: {
        model: string;
        version: number;
        usage: Usage;
        /** Where return_state asks for it: the state after the input */
        state?: string;
        /** n for each prompt, in order */
        generations: {
          text: string;
          finish_reason: 'stop' | 'length';
          /** Tokens generated */
          tokens: number;
          logprobs?: {
            text: string;
            id: number;
            logprob: number;
            top: {
              text: string;
              id: number;
              logprob: number;
            }[];
          }[];
          /** With `include`: token k was drawn from row prompt_steps − 1 + k */
          prompt_steps?: number;
          /** What `include` asks for: an entry for each layer and direction, with a row for each step */
          inside?: InsideLayer[];
        }[];
        finish_reason: 'stop' | 'length';
      };
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

/** An event of the stream; `data` is JSON on a single line */
export type PredictEvent =
  | {
      id?: string;
      event: 'step';
      data: {
        step: number;
        output: number[];
        inside?: InsideStep[];
      };
    }
  | {
      id?: string;
      event: 'done';
      data: PredictReply;
    }
  | {
      id?: string;
      event: 'error';
      data: Problem;
    };

export type ModelStatistics = {
  model_stats: {
    name: string;
    version: string;
    /** Milliseconds since 1970; 0 is never */
    last_inference: number;
    /** Sequences answered */
    inference_count: number;
    /** Batches run: a step of all sequences that run together */
    execution_count: number;
    inference_stats: {
      /** Requests answered, by any route */
      success: {
        count: number;
        ns: number;
      };
      fail: {
        count: number;
        ns: number;
      };
      /** Of each sequence */
      queue: {
        count: number;
        ns: number;
      };
      compute_input: {
        count: number;
        ns: number;
      };
      compute_infer: {
        count: number;
        ns: number;
      };
      compute_output: {
        count: number;
        ns: number;
      };
      /** There is no cache */
      cache_hit: {
        count: number;
        ns: number;
      };
    };
    batch_stats: {
      batch_size: number;
      compute_input: {
        count: number;
        ns: number;
      };
      compute_infer: {
        count: number;
        ns: number;
      };
      compute_output: {
        count: number;
        ns: number;
      };
    }[];
  }[];
};

/** What each operation takes and answers. */
export interface Operations {
  /** Every model, ready or not, and what in the models folder is none */
  listModels: { path?: undefined; query?: undefined; body?: undefined; reply: ModelList };
  /** One model: layers, state, kernel, provenance */
  showModel: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body?: undefined;
    reply: ModelDetails;
  };
  /** Deletes a model with all its versions and aliases; requests that use it finish first */
  deleteModel: {
    path: {
      /** The name alone */
      model: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Deleted;
  };
  /** The aliases of a model */
  listAliases: {
    path: {
      /** The name alone */
      model: string;
    };
    query?: undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: ModelAlias[];
    };
  };
  /** The version that an alias points at */
  showAlias: {
    path: {
      /** The name alone */
      model: string;
      /** `default`, to which the name alone refers, or any other */
      alias: string;
    };
    query?: undefined;
    body?: undefined;
    reply: ModelAlias;
  };
  /** Points an alias at a version, at once and on every server of the models folder */
  setAlias: {
    path: {
      /** The name alone */
      model: string;
      /** `default`, to which the name alone refers, or any other */
      alias: string;
    };
    query?: undefined;
    body: {
      /** A version that is ready */
      version: number;
    };
    reply: ChangedModelAlias;
  };
  /** Removes an alias; without `default`, a name refers to the highest version that is ready */
  deleteAlias: {
    path: {
      /** The name alone */
      model: string;
      /** `default`, to which the name alone refers, or any other */
      alias: string;
    };
    query?: undefined;
    body?: undefined;
    reply: ChangedModelAlias;
  };
  /** Deletes a version that no alias points at; requests and sessions that use it finish first */
  deleteVersion: {
    path: {
      /** The name alone */
      model: string;
      version: number;
    };
    query?: undefined;
    body?: undefined;
    reply: Deleted;
  };
  /** The label of whole sequences */
  classify: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body: {
      /** A text or a list of texts, or of lists of tokens that are split already; for numeric models one sequence as [steps][features] or a list of those. A flat list of numbers is one step of several features, or several steps of the only feature. */
      input: string | string[] | string[][] | number[] | number[][] | number[][][];
      /** Labels to report */
      top_k?: number | undefined;
      /** Report these values of recurrent layers after every step: h, c, and the value of every gate. Results are the same bits with and without */
      include?: ('hidden' | 'cell' | 'gates')[] | undefined;
      /** Of these layers only, by their names in `GET /v1/models/{model}` */
      include_layers?: string[] | undefined;
      /** Of these units of each layer only, counted from 0, in this order */
      include_units?: number[] | undefined;
      /** Numbers, the default, or each array as base64 of its float32, little-endian */
      include_format?: ('json' | 'base64') | undefined;
      /** Send server-sent events while the sequence is read; takes a single input */
      stream?: boolean | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** A state that an earlier reply returned: the input goes on from there. Takes a single input */
      state?: string | undefined;
      /** Return the state after the input as `state`, a token for the next request, to any server with the same UNROLL_STATE_KEY and the same version. Takes a single input */
      return_state?: boolean | undefined;
      /** Start from the state after the beginning that the text has in common with one that this API key sent lately: the same answer, sooner */
      reuse_prefix?: boolean | undefined;
    };
    reply: ClassifyReply;
    events: ClassifyEvent;
  };
  /** A label for every token */
  tag: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body: {
      /** A text or a list of texts, or of lists of tokens that are split already; for numeric models one sequence as [steps][features] or a list of those. A flat list of numbers is one step of several features, or several steps of the only feature. */
      input: string | string[] | string[][] | number[] | number[][] | number[][][];
      /** Report these values of recurrent layers after every step: h, c, and the value of every gate. Results are the same bits with and without */
      include?: ('hidden' | 'cell' | 'gates')[] | undefined;
      /** Of these layers only, by their names in `GET /v1/models/{model}` */
      include_layers?: string[] | undefined;
      /** Of these units of each layer only, counted from 0, in this order */
      include_units?: number[] | undefined;
      /** Numbers, the default, or each array as base64 of its float32, little-endian */
      include_format?: ('json' | 'base64') | undefined;
      /** Send server-sent events while the sequence is read; takes a single input */
      stream?: boolean | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** A state that an earlier reply returned: the input goes on from there. Takes a single input */
      state?: string | undefined;
      /** Return the state after the input as `state`, a token for the next request, to any server with the same UNROLL_STATE_KEY and the same version. Takes a single input */
      return_state?: boolean | undefined;
    };
    reply: TagReply;
    events: TagEvent;
  };
  /** One sequence from another: greedy, drawn, or the best of a beam */
  decode: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body: {
      /** A text or a list of texts, or of lists of tokens that are split already; for numeric models one sequence as [steps][features] or a list of those. A flat list of numbers is one step of several features, or several steps of the only feature. */
      input: string | string[] | string[][] | number[] | number[][] | number[][][];
      /** Hypotheses that the search keeps; 1 is greedy */
      beam_size?: number | undefined;
      /** Outputs to return; at most beam_size */
      num_hypotheses?: number | undefined;
      /** The search ends at the latest when patience × beam_size outputs have ended */
      patience?: number | undefined;
      /** α: log-probabilities are divided by ((5 + length) / 6)^α */
      length_penalty?: number | undefined;
      /** Weight of source steps that attention has not covered */
      coverage_penalty?: number | undefined;
      min_length?: number | undefined;
      /** Tokens; at most UNROLL_MAX_TOKENS */
      max_length?: number | undefined;
      /** No n-gram of this size occurs twice; 0 allows all */
      no_repeat_ngram_size?: number | undefined;
      /** A text or tokens that every output begins with */
      prefix?: (string | string[]) | undefined;
      /** Tokens that no output contains */
      suppress?: string[] | undefined;
      /** Above 0, outputs are sampled */
      temperature?: number | undefined;
      top_k?: number | undefined;
      top_p?: number | undefined;
      min_p?: number | undefined;
      /** The same seed gives the same outputs, regardless of batch composition */
      seed?: number | undefined;
      /** Outputs to sample for each source */
      n?: number | undefined;
      /** The log-probability of every token */
      logprobs?: boolean | undefined;
      /** Attention weights of each token over the tokens of the source */
      return_attention?: boolean | undefined;
      /** Send server-sent events while the sequence is read; takes a single input */
      stream?: boolean | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
    };
    reply: DecodeReply;
    events: DecodeEvent;
  };
  /** Text, token by token */
  generate: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body: {
      /** Without it the model starts from its start token */
      prompt?: (string | string[]) | undefined;
      /** At most UNROLL_MAX_TOKENS */
      max_tokens?: number | undefined;
      /** 0 is greedy */
      temperature?: number | undefined;
      /** Sample from the k most likely; 0 is all */
      top_k?: number | undefined;
      /** Sample from the fewest that reach this probability */
      top_p?: number | undefined;
      /** Sample from those at least this likely relative to the most likely */
      min_p?: number | undefined;
      /** Divides the logits of tokens that have occurred; 1 is none */
      repetition_penalty?: number | undefined;
      /** Subtracted from a logit for each occurrence; 0 is none */
      frequency_penalty?: number | undefined;
      /** The same seed gives the same text, regardless of batch composition */
      seed?: number | undefined;
      /** The text ends before any of these */
      stop?: (string | string[]) | undefined;
      /** Alternatives to report with each token */
      logprobs?: number | undefined;
      /** Choices for each prompt */
      n?: number | undefined;
      /** Report these values of recurrent layers after every step: h, c, and the value of every gate. Results are the same bits with and without */
      include?: ('hidden' | 'cell' | 'gates')[] | undefined;
      /** Of these layers only, by their names in `GET /v1/models/{model}` */
      include_layers?: string[] | undefined;
      /** Of these units of each layer only, counted from 0, in this order */
      include_units?: number[] | undefined;
      /** Numbers, the default, or each array as base64 of its float32, little-endian */
      include_format?: ('json' | 'base64') | undefined;
      /** Send server-sent events while the texts are written */
      stream?: boolean | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** A state that an earlier reply returned: the input goes on from there. Takes a single input */
      state?: string | undefined;
      /** Return the state after the input as `state`, a token for the next request, to any server with the same UNROLL_STATE_KEY and the same version. Takes a single input */
      return_state?: boolean | undefined;
      /** Start from the state after the beginning that the text has in common with one that this API key sent lately: the same answer, sooner */
      reuse_prefix?: boolean | undefined;
    };
    reply: GenerateReply;
    events: GenerateEvent;
  };
  /** Numbers from numbers */
  predict: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body: {
      /** A text or a list of texts, or of lists of tokens that are split already; for numeric models one sequence as [steps][features] or a list of those. A flat list of numbers is one step of several features, or several steps of the only feature. */
      input: string | string[] | string[][] | number[] | number[][] | number[][][];
      /** Report these values of recurrent layers after every step: h, c, and the value of every gate. Results are the same bits with and without */
      include?: ('hidden' | 'cell' | 'gates')[] | undefined;
      /** Of these layers only, by their names in `GET /v1/models/{model}` */
      include_layers?: string[] | undefined;
      /** Of these units of each layer only, counted from 0, in this order */
      include_units?: number[] | undefined;
      /** Numbers, the default, or each array as base64 of its float32, little-endian */
      include_format?: ('json' | 'base64') | undefined;
      /** Send server-sent events while the sequence is read; takes a single input */
      stream?: boolean | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** A state that an earlier reply returned: the input goes on from there. Takes a single input */
      state?: string | undefined;
      /** Return the state after the input as `state`, a token for the next request, to any server with the same UNROLL_STATE_KEY and the same version. Takes a single input */
      return_state?: boolean | undefined;
    };
    reply: PredictReply;
    events: PredictEvent;
  };
  /** The last hidden state of whole sequences, from a model of any task */
  embed: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?: undefined;
    body: {
      /** A text or a list of texts, or of lists of tokens that are split already; for numeric models one sequence as [steps][features] or a list of those. A flat list of numbers is one step of several features, or several steps of the only feature. */
      input: string | string[] | string[][] | number[] | number[][] | number[][][];
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** A state that an earlier reply returned: the input goes on from there. Takes a single input */
      state?: string | undefined;
      /** Return the state after the input as `state`, a token for the next request, to any server with the same UNROLL_STATE_KEY and the same version. Takes a single input */
      return_state?: boolean | undefined;
      /** Start from the state after the beginning that the text has in common with one that this API key sent lately: the same answer, sooner */
      reuse_prefix?: boolean | undefined;
    };
    reply: EmbedReply;
  };
  /** Begins a session: a sequence whose state the server keeps between calls */
  createSession: {
    path?: undefined;
    query?: undefined;
    body: {
      /** `name`, `name@version` or `name@alias`; the session stays with the version that it is now */
      model: string;
      /** An id of your own, among those of your API key; one that cannot be guessed by default */
      id?: string | undefined;
      /** Seconds without a call after which it expires; UNROLL_SESSION_TTL_S by default */
      ttl_s?: number | undefined;
      /** Whether every call is on disk before it is answered, so that not even kill -9 loses a step */
      durable?: boolean | undefined;
      /** How many of the last steps it can be rewound by; none by default */
      keep_steps?: number | undefined;
      /** A snapshot to start from, in base64: of a session with the same weights, on any server */
      snapshot?: string | undefined;
    };
    reply: Session;
  };
  /** Lists sessions, newest first */
  listSessions: {
    path?: undefined;
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last session of the previous page; `owner/id` where it is that of another key */
          after?: string | undefined;
          /** Those of this API key */
          owner?: string | undefined;
          /** Those of this model */
          model?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      /** Newest first */
      data: Session[];
      has_more: boolean;
    };
  };
  /** Shows a session */
  showSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: Session;
  };
  /** Ends a session, after the call that runs */
  deleteSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      id: string;
      object: 'session';
      deleted: true;
    };
  };
  /** Copies a session: each copy goes on by itself from the same state */
  forkSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body: {
      /** At most 10000 */
      count?: number | undefined;
    };
    reply: {
      object: 'list';
      /** Newest first */
      data: Session[];
    };
  };
  /** Names the point where a session is, to come back to it */
  markSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body: {
      name: string;
    };
    reply: Session;
  };
  /** Removes a mark */
  deleteSessionMark: {
    path: {
      session: string;
      mark: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: Session;
  };
  /** Goes back to a mark, or by some of the last steps, exactly */
  rewindSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body: {
      /** The name of a mark */
      mark?: string | undefined;
      /** A position among the last keep_steps */
      position?: number | undefined;
      /** A number of steps back, at most keep_steps */
      steps?: number | undefined;
    };
    reply: Session;
  };
  /** A session's state as a file, which any server with the same weights restores */
  getSessionSnapshot: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: Uint8Array<ArrayBuffer>;
  };
  /** Sets a session to a snapshot, or makes the session from it */
  restoreSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: Session;
  };
  /** Goes on with a session: any number of steps, answered as the model's task */
  runSessionSteps: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
        }
      | undefined;
    body: {
      /** The next steps: a text, or numbers as [steps][features]. A model that generates may go on without any. */
      input?: (string | string[] | string[][] | number[] | number[][] | number[][][]) | undefined;
      /** The next steps as named tensors, as /v2/models/{model}/infer takes them */
      inputs?:
        | {
            name: string;
            shape: number[];
            datatype:
              | 'BOOL'
              | 'UINT8'
              | 'UINT16'
              | 'UINT32'
              | 'UINT64'
              | 'INT8'
              | 'INT16'
              | 'INT32'
              | 'INT64'
              | 'FP16'
              | 'FP32'
              | 'FP64'
              | 'BYTES';
            parameters?: Record<string, unknown> | undefined;
            data?: unknown;
          }[]
        | undefined;
      /** Refuse the call unless the session stands there: for a call that is repeated after its answer was lost */
      position?: number | undefined;
      /** Answer the hidden rows instead of the model's task; a generating model's steps too */
      embed?: boolean | undefined;
      /** The outputs of each of these steps, or of the last. By default each where the model's task has one for every step */
      return?: ('each' | 'last') | undefined;
      /** Labels to report */
      top_k?: number | undefined;
      /** Generate after the input. Without it a generating model only reads the input. */
      generate?:
        | {
            /** At most UNROLL_MAX_TOKENS */
            max_tokens?: number | undefined;
            /** 0 is greedy */
            temperature?: number | undefined;
            /** Sample from the k most likely; 0 is all */
            top_k?: number | undefined;
            /** Sample from the fewest that reach this probability */
            top_p?: number | undefined;
            /** Sample from those at least this likely relative to the most likely */
            min_p?: number | undefined;
            /** Divides the logits of tokens that have occurred; 1 is none */
            repetition_penalty?: number | undefined;
            /** Subtracted from a logit for each occurrence; 0 is none */
            frequency_penalty?: number | undefined;
            /** The same seed gives the same text, regardless of batch composition */
            seed?: number | undefined;
            /** The text ends before any of these */
            stop?: (string | string[]) | undefined;
            /** Alternatives to report with each token */
            logprobs?: number | undefined;
          }
        | undefined;
      /** How an encoder-decoder searches. Without input it goes on from the source that was read before. */
      decode?:
        | {
            /** Hypotheses that the search keeps; 1 is greedy */
            beam_size?: number | undefined;
            /** Outputs to return; at most beam_size */
            num_hypotheses?: number | undefined;
            /** The search ends at the latest when patience × beam_size outputs have ended */
            patience?: number | undefined;
            /** α: log-probabilities are divided by ((5 + length) / 6)^α */
            length_penalty?: number | undefined;
            /** Weight of source steps that attention has not covered */
            coverage_penalty?: number | undefined;
            min_length?: number | undefined;
            /** Tokens; at most UNROLL_MAX_TOKENS */
            max_length?: number | undefined;
            /** No n-gram of this size occurs twice; 0 allows all */
            no_repeat_ngram_size?: number | undefined;
            /** A text or tokens that every output begins with */
            prefix?: (string | string[]) | undefined;
            /** Tokens that no output contains */
            suppress?: string[] | undefined;
            /** Above 0, outputs are sampled */
            temperature?: number | undefined;
            top_k?: number | undefined;
            top_p?: number | undefined;
            min_p?: number | undefined;
            /** The same seed gives the same outputs, regardless of batch composition */
            seed?: number | undefined;
            /** The log-probability of every token */
            logprobs?: boolean | undefined;
            /** Attention weights of each token over the tokens of the source */
            return_attention?: boolean | undefined;
          }
        | undefined;
      /** Report these values of recurrent layers after every step: h, c, and the value of every gate. Results are the same bits with and without */
      include?: ('hidden' | 'cell' | 'gates')[] | undefined;
      /** Of these layers only, by their names in `GET /v1/models/{model}` */
      include_layers?: string[] | undefined;
      /** Of these units of each layer only, counted from 0, in this order */
      include_units?: number[] | undefined;
      /** Numbers, the default, or each array as base64 of its float32, little-endian */
      include_format?: ('json' | 'base64') | undefined;
      /** Send server-sent events while the sequence is read; takes a single input */
      stream?: boolean | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** Start from the state after the beginning that the text has in common with one that this API key sent lately: the same answer, sooner */
      reuse_prefix?: boolean | undefined;
    };
    reply:
      | {
          model: string;
          version: number;
          usage: Usage;
          /** Where return_state asks for it: the state after the input */
          state?: string;
          /** One for each input, in order */
          predictions: {
            label: string;
            score: number;
            top: {
              label: string;
              score: number;
            }[];
            /** What `include` asks for: an entry for each layer and direction, with a row for each step */
            inside?: InsideLayer[];
          }[];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          usage: Usage;
          /** Where return_state asks for it: the state after the input */
          state?: string;
          predictions: {
            tokens: {
              text: string;
              label: string;
              score: number;
              /** UTF-16 units from the start of the input */
              start: number;
              end: number;
            }[];
            /** What `include` asks for: an entry for each layer and direction, with a row for each step */
            inside?: InsideLayer[];
          }[];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          usage: Usage;
          /** One for each source, in order */
          predictions: {
            /** Best first */
            hypotheses: {
              text: string;
              tokens: string[];
              score: number;
              finish_reason: 'stop' | 'length';
              logprobs?: number[];
              attention?: number[][];
            }[];
            source_tokens?: string[];
          }[];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          usage: Usage;
          /** Where return_state asks for it: the state after the input */
          state?: string;
          predictions: {
            /** One row, or a fixed number of rows, where the network has one output for each sequence; otherwise a row for each step */
            output: number[] | number[][];
            /** What `include` asks for: an entry for each layer and direction, with a row for each step */
            inside?: InsideLayer[];
          }[];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          usage: Usage;
          /** Where return_state asks for it: the state after the input */
          state?: string;
          /** The last hidden row of each input */
          embeddings: number[][];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          usage: Usage;
          /** Where return_state asks for it: the state after the input */
          state?: string;
          /** n for each prompt, in order */
          generations: {
            text: string;
            finish_reason: 'stop' | 'length';
            /** Tokens generated */
            tokens: number;
            logprobs?: {
              text: string;
              id: number;
              logprob: number;
              top: {
                text: string;
                id: number;
                logprob: number;
              }[];
            }[];
            /** With `include`: token k was drawn from row prompt_steps − 1 + k */
            prompt_steps?: number;
            /** What `include` asks for: an entry for each layer and direction, with a row for each step */
            inside?: InsideLayer[];
          }[];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          usage: Usage;
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        }
      | {
          model: string;
          version: number;
          outputs: Record<string, unknown>[];
          /** The session after the call */
          session: {
            id: string;
            /** Steps, or tokens, of the sequence after this call */
            position: number;
          };
        };
    events: SessionStepEvent;
  };
  /** Answers inputs of a session while they are sent, in one request */
  streamSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
          /** Type of the values of frames, little-endian; int16 is divided by 32768, as samples of audio are */
          dtype?: ('float32' | 'int16') | undefined;
          /** Steps of a frame, which has one answer. A step has as many values as the model has features: a model that takes a window of samples a step has a feature for each sample. */
          frame?: number | undefined;
          /** As in the body of steps, for frames and bare inputs */
          return?: ('each' | 'last') | undefined;
          /** As in the body of steps, for frames and bare inputs */
          embed?: ('true' | 'false') | undefined;
          /** Labels to report */
          top_k?: number | undefined;
          /** Milliseconds for each input, and for each answer to be read; UNROLL_TIMEOUT_MS by default */
          timeout_ms?: number | undefined;
          /** Whether a stream that has the session ends first; of no use with a model */
          take_over?: ('true' | 'false') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: string;
    events: InputStreamEvent;
  };
  /** A WebSocket that answers inputs of a session */
  connectSession: {
    path: {
      session: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
          /** Type of the values of frames, little-endian; int16 is divided by 32768, as samples of audio are */
          dtype?: ('float32' | 'int16') | undefined;
          /** Steps of a frame, which has one answer. A step has as many values as the model has features: a model that takes a window of samples a step has a feature for each sample. */
          frame?: number | undefined;
          /** As in the body of steps, for frames and bare inputs */
          return?: ('each' | 'last') | undefined;
          /** As in the body of steps, for frames and bare inputs */
          embed?: ('true' | 'false') | undefined;
          /** Labels to report */
          top_k?: number | undefined;
          /** Milliseconds for each input, and for each answer to be read; UNROLL_TIMEOUT_MS by default */
          timeout_ms?: number | undefined;
          /** Whether a stream that has the session ends first; of no use with a model */
          take_over?: ('true' | 'false') | undefined;
          /** Values of each binary message, where these are not whole frames: blocks of a microphone, which are joined to frames. By default a message has one frame or more. */
          samples?: number | undefined;
          /** float32: the answers to frames are binary, the values of `predict` alone */
          answers?: ('json' | 'float32') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: string;
  };
  /** Answers inputs of a sequence that begins with the connection and ends with it while they are sent, in one request */
  streamModel: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
          /** Type of the values of frames, little-endian; int16 is divided by 32768, as samples of audio are */
          dtype?: ('float32' | 'int16') | undefined;
          /** Steps of a frame, which has one answer. A step has as many values as the model has features: a model that takes a window of samples a step has a feature for each sample. */
          frame?: number | undefined;
          /** As in the body of steps, for frames and bare inputs */
          return?: ('each' | 'last') | undefined;
          /** As in the body of steps, for frames and bare inputs */
          embed?: ('true' | 'false') | undefined;
          /** Labels to report */
          top_k?: number | undefined;
          /** Milliseconds for each input, and for each answer to be read; UNROLL_TIMEOUT_MS by default */
          timeout_ms?: number | undefined;
          /** Whether a stream that has the session ends first; of no use with a model */
          take_over?: ('true' | 'false') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: string;
    events: InputStreamEvent;
  };
  /** A WebSocket that answers inputs of a sequence that begins with the connection and ends with it */
  connectModel: {
    path: {
      /** `name`, `name@version` or `name@alias`; a name alone is its alias `default`, or the highest version that is ready */
      model: string;
    };
    query?:
      | {
          /** Name of the API key whose session it is, for keys with the scope `admin`; the caller's own by default, and empty for those made without a key */
          owner?: string | undefined;
          /** Type of the values of frames, little-endian; int16 is divided by 32768, as samples of audio are */
          dtype?: ('float32' | 'int16') | undefined;
          /** Steps of a frame, which has one answer. A step has as many values as the model has features: a model that takes a window of samples a step has a feature for each sample. */
          frame?: number | undefined;
          /** As in the body of steps, for frames and bare inputs */
          return?: ('each' | 'last') | undefined;
          /** As in the body of steps, for frames and bare inputs */
          embed?: ('true' | 'false') | undefined;
          /** Labels to report */
          top_k?: number | undefined;
          /** Milliseconds for each input, and for each answer to be read; UNROLL_TIMEOUT_MS by default */
          timeout_ms?: number | undefined;
          /** Whether a stream that has the session ends first; of no use with a model */
          take_over?: ('true' | 'false') | undefined;
          /** Values of each binary message, where these are not whole frames: blocks of a microphone, which are joined to frames. By default a message has one frame or more. */
          samples?: number | undefined;
          /** float32: the answers to frames are binary, the values of `predict` alone */
          answers?: ('json' | 'float32') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: string;
  };
  /** Uploads training data: JSON lines, a JSON array, CSV or plain text, as the body or as a multipart file */
  createDataset: {
    path?: undefined;
    query?:
      | {
          name?: string | undefined;
          /** Validates every record for this task; without it, records may be any objects */
          task?: ('classify' | 'tag' | 'decode' | 'generate' | 'predict') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: Dataset;
  };
  /** Lists datasets, newest first */
  listDatasets: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: Dataset[];
    };
  };
  /** Shows a dataset */
  showDataset: {
    path: {
      dataset: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Dataset;
  };
  /** Deletes a dataset that no unfinished job uses */
  deleteDataset: {
    path: {
      dataset: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Dataset;
  };
  /** Uploads a dataset: a form with `file` (JSONL, CSV or plain text) and `purpose`, fine-tune */
  createFile: { path?: undefined; query?: undefined; body?: undefined; reply: File };
  /** Lists datasets */
  listFiles: {
    path?: undefined;
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last item of the page before */
          after?: string | undefined;
          purpose?: string | undefined;
          /** By time of upload */
          order?: ('asc' | 'desc') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: File[];
      has_more: boolean;
    };
  };
  /** Shows a dataset */
  showFile: {
    path: {
      file: string;
    };
    query?: undefined;
    body?: undefined;
    reply: File;
  };
  /** Deletes a dataset that no unfinished job uses */
  deleteFile: {
    path: {
      file: string;
    };
    query?: undefined;
    body?: undefined;
    reply: {
      id: string;
      object: 'file';
      deleted: true;
    };
  };
  /** The bytes of a dataset, as uploaded */
  readFile: {
    path: {
      file: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Uint8Array<ArrayBuffer>;
  };
  /** Trains a network; the best checkpoint is published as a model */
  createTrainingJob: {
    path?: undefined;
    query?:
      | {
          /** true: checks the request, and creates nothing */
          dry_run?: ('true' | 'false') | undefined;
        }
      | undefined;
    body: {
      /** Name of the model to train */
      model: string;
      /** Stored in model.json */
      description?: string | undefined;
      /** What callers will ask the model */
      task: 'classify' | 'tag' | 'decode' | 'generate' | 'predict';
      /** Starts from an existing model’s weights, network and vocabulary */
      base?: string | undefined;
      /** Names of layers whose weights are not trained */
      frozen?: string[] | undefined;
      /** Its layers; required without `base` */
      network?:
        | {
            /** Layers of model.json, in order */
            layers: {
              /** What it computes; its other fields are those of this type in docs/model-format.md */
              type:
                | 'add'
                | 'attention'
                | 'concat'
                | 'conv1d'
                | 'crf'
                | 'dense'
                | 'dropout'
                | 'embedding'
                | 'highway'
                | 'layer_norm'
                | 'multiply'
                | 'operator_graph'
                | 'pool'
                | 'recurrent';
              [key: string]: unknown;
            }[];
            /** decode: reads the whole source first */
            encoder?:
              | {
                  /** Layers of model.json, in order */
                  layers: {
                    /** What it computes; its other fields are those of this type in docs/model-format.md */
                    type:
                      | 'add'
                      | 'attention'
                      | 'concat'
                      | 'conv1d'
                      | 'crf'
                      | 'dense'
                      | 'dropout'
                      | 'embedding'
                      | 'highway'
                      | 'layer_norm'
                      | 'multiply'
                      | 'operator_graph'
                      | 'pool'
                      | 'recurrent';
                    [key: string]: unknown;
                  }[];
                }
              | undefined;
            /** decode: how the encoder’s last state becomes the decoder’s first */
            bridge?: ('none' | 'copy' | 'dense') | undefined;
          }
        | undefined;
      /** How the data is read; by default by its first record */
      inputs?:
        | (
            | {
                /** The kind of input */
                kind?: 'text' | undefined;
                /** What a step of a text is */
                vocabulary?: ('characters' | 'words') | undefined;
                /** By default the `max_tokens` most frequent tokens of the data that occur at least `min_count` times */
                tokens?: string[] | undefined;
                /** Rarer tokens are unknown */
                min_count?: number | undefined;
                /** The most tokens of a vocabulary */
                max_tokens?: number | undefined;
                /** Whether texts are lowercased */
                lowercase?: boolean | undefined;
                /** Unicode normalisation of texts */
                normalize?: ('none' | 'NFC' | 'NFKC') | undefined;
                /** words only: adds ids of a word’s first and last characters (model.json, inputs.characters) */
                characters?:
                  | {
                      /** First characters of a word */
                      prefix: number;
                      /** Last characters of a word */
                      suffix: number;
                    }
                  | undefined;
              }
            | {
                /** The kind of input */
                kind: 'numeric';
                /** Names of the features; by default the CSV’s columns, or value_0, value_1 … Mean and scale come from the data */
                features?: string[] | undefined;
              }
          )
        | undefined;
      /** Labels, units and vocabulary of the answers; by default those of the data */
      outputs?:
        | {
            /** classify, tag: the labels; by default those of the data */
            labels?: string[] | undefined;
            /** classify, tag: several labels may apply at once */
            multi_label?: boolean | undefined;
            /** decode: the vocabulary of the targets */
            vocabulary?:
              | {
                  /** The kind of input */
                  kind?: 'text' | undefined;
                  /** What a step of a text is */
                  vocabulary?: ('characters' | 'words') | undefined;
                  /** By default the `max_tokens` most frequent tokens of the data that occur at least `min_count` times */
                  tokens?: string[] | undefined;
                  /** Rarer tokens are unknown */
                  min_count?: number | undefined;
                  /** The most tokens of a vocabulary */
                  max_tokens?: number | undefined;
                  /** Whether texts are lowercased */
                  lowercase?: boolean | undefined;
                  /** Unicode normalisation of texts */
                  normalize?: ('none' | 'NFC' | 'NFKC') | undefined;
                  /** words only: adds ids of a word’s first and last characters (model.json, inputs.characters) */
                  characters?:
                    | {
                        /** First characters of a word */
                        prefix: number;
                        /** Last characters of a word */
                        suffix: number;
                      }
                    | undefined;
                }
              | undefined;
            /** predict: names of the outputs */
            units?: string[] | undefined;
          }
        | undefined;
      /** Defaults of decoding, stored in model.json */
      decoding?: Record<string, unknown> | undefined;
      /** A dataset, or records */
      data:
        | {
            /** Id of an uploaded dataset */
            dataset: string;
          }
        | {
            /** The records */
            records: Record<string, unknown>[];
          };
      /** predict from a CSV whose rows are time steps: reads `window` rows and predicts the next `horizon` targets */
      series?:
        | {
            /** How the data is read; by default by its first record */
            inputs?: string[] | undefined;
            /** Columns to predict */
            targets?: string[] | undefined;
            /** Rows that are read */
            window: number;
            /** Rows that are predicted */
            horizon: number;
            /** Rows between two windows */
            stride?: number | undefined;
            /** Predicts after every step of the window instead of the last alone */
            every_step?: boolean | undefined;
          }
        | undefined;
      /** Validation data, or a share of the training data: drawn by the seed, of plain text and series the end */
      validation?:
        | (
            | (
                | {
                    /** Id of an uploaded dataset */
                    dataset: string;
                  }
                | {
                    /** The records */
                    records: Record<string, unknown>[];
                  }
              )
            | {
                /** Of the training data */
                share: number;
              }
          )
        | undefined;
      /** How it is trained */
      hyperparameters?:
        | {
            /** Sequences of a step */
            batch_size?: number | undefined;
            /** Before the schedule */
            learning_rate?: number | undefined;
            /** Its type, and the options of that type */
            optimizer?:
              | (
                  | {
                      /** Stochastic gradient descent */
                      type: 'sgd';
                      /** Share of the step before that each step repeats; 0 for none */
                      momentum?: number | undefined;
                      /** Looks ahead by the momentum; needs one */
                      nesterov?: boolean | undefined;
                      /** L2: this times the weight is added to its gradient, for matrices only */
                      weight_decay?: number | undefined;
                    }
                  | {
                      /** Divides a gradient by the root of the mean of its squares */
                      type: 'rmsprop';
                      /** Weight of the past in that mean */
                      alpha?: number | undefined;
                      /** Added to the root of the mean square, so that small gradients are not divided by zero */
                      epsilon?: number | undefined;
                      /** Share of the step before that each step repeats; 0 for none */
                      momentum?: number | undefined;
                      /** L2: this times the weight is added to its gradient, for matrices only */
                      weight_decay?: number | undefined;
                    }
                  | {
                      /** Means of the gradients and of their squares; adamw decays weights apart from them */
                      type: 'adam' | 'adamw';
                      /** Weight of the past in the mean of the gradients */
                      beta1?: number | undefined;
                      /** Weight of the past in the mean of their squares */
                      beta2?: number | undefined;
                      /** Added to the root of the mean square, so that small gradients are not divided by zero */
                      epsilon?: number | undefined;
                      /** adam: L2, added to the gradient; adamw: this share of the step is taken off the weight. Matrices only */
                      weight_decay?: number | undefined;
                    }
                )
              | undefined;
            /** How the learning rate changes over the run */
            schedule?:
              | (
                  | {
                      /** The learning rate as it is */
                      type: 'constant';
                      /** Share of the run over which the rate rises from 0 */
                      warm_up?: number | undefined;
                    }
                  | {
                      /** Falls by a factor at even times */
                      type: 'step';
                      /** Share of the run after which it falls, again and again */
                      every: number;
                      /** The factor */
                      gamma?: number | undefined;
                      /** Share of the run over which the rate rises from 0 */
                      warm_up?: number | undefined;
                    }
                  | {
                      /** Falls in half a cosine */
                      type: 'cosine';
                      /** Share of the learning rate at the end */
                      floor?: number | undefined;
                      /** Share of the run over which the rate rises from 0 */
                      warm_up?: number | undefined;
                    }
                  | {
                      /** Rises to the learning rate and falls, in cosines */
                      type: 'one_cycle';
                      /** Share of the run at which it is highest */
                      peak_at?: number | undefined;
                    }
                  | {
                      /** Falls by a factor when the score gets no better */
                      type: 'plateau';
                      /** The factor */
                      factor?: number | undefined;
                      /** Evaluations in a row without a better score */
                      patience?: number | undefined;
                      /** Least share of the learning rate */
                      floor?: number | undefined;
                      /** Share of the run over which the rate rises from 0 */
                      warm_up?: number | undefined;
                    }
                )
              | undefined;
            /** Gradients are scaled to a global norm of at most `norm`, then each is clipped to ± `value` */
            clip?:
              | {
                  /** Of all gradients together */
                  norm?: number | undefined;
                  /** Of each gradient */
                  value?: number | undefined;
                }
              | undefined;
            /** By default softmax_cross_entropy, sigmoid_cross_entropy or mean_squared, by task */
            loss?:
              | (
                  | {
                      /** For one class of several; nats */
                      type: 'softmax_cross_entropy';
                      /** Share of a target that is spread over all classes */
                      label_smoothing?: number | undefined;
                    }
                  | {
                      /** For labels that may apply together; nats */
                      type: 'sigmoid_cross_entropy';
                    }
                  | {
                      /** −ln p(labels of the sequence), for a network that ends in a crf */
                      type: 'crf';
                    }
                  | {
                      /** The mean of the squared errors */
                      type: 'mean_squared';
                    }
                  | {
                      /** The mean of the absolute errors */
                      type: 'mean_absolute';
                    }
                  | {
                      /** Squared for small errors, absolute for large ones */
                      type: 'huber';
                      /** The error from which it is absolute */
                      delta?: number | undefined;
                    }
                )
              | undefined;
            /** classify, tag: weight of each label; `balanced` weighs labels by inverse frequency */
            class_weights?: ('balanced' | Record<string, number>) | undefined;
            /** Backpropagates through `k2` steps every `k1` steps, carrying the state; through whole sequences by default */
            truncate?:
              | {
                  /** Steps between two updates */
                  k1: number;
                  /** Steps that gradients reach back */
                  k2: number;
                }
              | undefined;
            /** decode: probability of replacing a decoder input by its prediction; rises linearly from 0 to this */
            scheduled_sampling?: number | undefined;
            /** Number of shards of a batch, whose gradients are summed in order; results do not depend on the threads */
            shards?: number | undefined;
            /** classify, and predict with one target: whether the target applies to the last step or to every step */
            loss_at?: ('end' | 'every_step') | undefined;
            /** Longer sequences are skipped and counted */
            max_steps?: number | undefined;
            /** Steps between evaluations on the validation data; by default once an epoch */
            evaluate_every?: number | undefined;
            /** Steps between checkpoints, besides those at evaluations */
            checkpoint_every?: number | undefined;
            /** Stops after `patience` evaluations without a better score. The best weights are published in any case. */
            early_stopping?:
              | {
                  /** Evaluations */
                  patience: number;
                }
              | undefined;
            /** Steps between reports of gradient flow; 0 turns them off */
            gradient_flow_every?: number | undefined;
            /** Embeddings are initialised uniformly in ± this scale */
            embedding_scale?: number | undefined;
            /** glorot: Glorot and Bengio 2010; he: He et al. 2015 for matrices before relu, else Glorot. */
            initialisation?: ('glorot' | 'he') | undefined;
          }
        | undefined;
      /** Training ends with the first limit reached. Schedules run over epochs or steps. */
      budget?:
        | {
            /** Passes over the data */
            epochs?: number | undefined;
            /** Batches */
            steps?: number | undefined;
            /** Of training, without pauses */
            minutes?: number | undefined;
          }
        | undefined;
      /** The same seed gives the same weights */
      seed?: number | undefined;
      /** Whether the best checkpoint becomes the next version of its model and takes its traffic: `never`; `if_better` than the present version, measured on the same validation data; `always`. The first version of a model is published with either of these */
      publish?: ('never' | 'if_better' | 'always') | undefined;
      /** How many of the last checkpoints stay; the best one stays besides */
      keep?: number | undefined;
      /** Publishes although the task, labels or inputs are not those of the present version */
      force?: boolean | undefined;
      /** Stored in model.json with the job’s own provenance, for example the source and licence of the data */
      provenance?: Record<string, unknown> | undefined;
    };
    reply: TrainingJob | CheckedTrainingJob;
  };
  /** Lists training jobs, newest first */
  listTrainingJobs: {
    path?: undefined;
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last item of the previous page */
          after?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: TrainingJob[];
      has_more: boolean;
    };
  };
  /** Shows a training job: status, progress and metrics */
  showTrainingJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: TrainingJob;
  };
  /** Deletes a job that has ended, with its events and checkpoints; models that it published stay */
  deleteTrainingJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Deleted;
  };
  /** Cancels a job and retains its checkpoints */
  cancelTrainingJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: TrainingJob;
  };
  /** Pauses a job at its next step, so that a queued job can run */
  pauseTrainingJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: TrainingJob;
  };
  /** Resumes a paused job from its last state */
  resumeTrainingJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: TrainingJob;
  };
  /** Lists the events of a job, or streams them as server-sent events until the job has ended */
  listTrainingEvents: {
    path: {
      job: string;
    };
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last event of the previous page */
          after?: number | undefined;
          /** true: server-sent events, as with Accept: text/event-stream */
          stream?: ('true' | 'false') | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      /** Oldest first */
      data: TrainingEvent[];
      has_more: boolean;
    };
    events: TrainingStreamEvent;
  };
  /** Lists the checkpoints of a job, oldest first */
  listTrainingCheckpoints: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: TrainingCheckpoint[];
    };
  };
  /** A metric over the steps of a job, for a curve */
  showTrainingSeries: {
    path: {
      job: string;
    };
    query: {
      /** As in the job’s metrics, for example `validation_loss` */
      metric: string;
      /** At most so many points: the lowest and the highest of each stretch, where more were measured */
      points?: number | undefined;
    };
    body?: undefined;
    reply: TrainingSeries;
  };
  /** Publishes a checkpoint as the next version of its model */
  publishTrainingCheckpoint: {
    path: {
      job: string;
      step: number;
    };
    query?: undefined;
    body: {
      /** The alias to point at the version; any other than `default` leaves the traffic where it is */
      alias?: string | undefined;
      /** Publishes although the task, labels or inputs are not those of the present version */
      force?: boolean | undefined;
    } | null;
    reply: TrainingCheckpoint;
  };
  /** Deletes a checkpoint of a job that has ended; a version that was published of it stays */
  deleteTrainingCheckpoint: {
    path: {
      job: string;
      step: number;
    };
    query?: undefined;
    body?: undefined;
    reply: Deleted;
  };
  /** Trains several cells, with a grid or random draws of settings, on the same data and with equal parameter counts */
  createComparison: {
    path?: undefined;
    query?: undefined;
    body: {
      model: string;
      spec: {
        /** Stored in model.json */
        description?: string | undefined;
        /** What callers will ask the model */
        task: 'classify' | 'tag' | 'decode' | 'generate' | 'predict';
        /** Starts from an existing model’s weights, network and vocabulary */
        base?: string | undefined;
        /** Names of layers whose weights are not trained */
        frozen?: string[] | undefined;
        /** Its layers; required without `base` */
        network?:
          | {
              /** Layers of model.json, in order */
              layers: {
                /** What it computes; its other fields are those of this type in docs/model-format.md */
                type:
                  | 'add'
                  | 'attention'
                  | 'concat'
                  | 'conv1d'
                  | 'crf'
                  | 'dense'
                  | 'dropout'
                  | 'embedding'
                  | 'highway'
                  | 'layer_norm'
                  | 'multiply'
                  | 'operator_graph'
                  | 'pool'
                  | 'recurrent';
                [key: string]: unknown;
              }[];
              /** decode: reads the whole source first */
              encoder?:
                | {
                    /** Layers of model.json, in order */
                    layers: {
                      /** What it computes; its other fields are those of this type in docs/model-format.md */
                      type:
                        | 'add'
                        | 'attention'
                        | 'concat'
                        | 'conv1d'
                        | 'crf'
                        | 'dense'
                        | 'dropout'
                        | 'embedding'
                        | 'highway'
                        | 'layer_norm'
                        | 'multiply'
                        | 'operator_graph'
                        | 'pool'
                        | 'recurrent';
                      [key: string]: unknown;
                    }[];
                  }
                | undefined;
              /** decode: how the encoder’s last state becomes the decoder’s first */
              bridge?: ('none' | 'copy' | 'dense') | undefined;
            }
          | undefined;
        /** How the data is read; by default by its first record */
        inputs?:
          | (
              | {
                  /** The kind of input */
                  kind?: 'text' | undefined;
                  /** What a step of a text is */
                  vocabulary?: ('characters' | 'words') | undefined;
                  /** By default the `max_tokens` most frequent tokens of the data that occur at least `min_count` times */
                  tokens?: string[] | undefined;
                  /** Rarer tokens are unknown */
                  min_count?: number | undefined;
                  /** The most tokens of a vocabulary */
                  max_tokens?: number | undefined;
                  /** Whether texts are lowercased */
                  lowercase?: boolean | undefined;
                  /** Unicode normalisation of texts */
                  normalize?: ('none' | 'NFC' | 'NFKC') | undefined;
                  /** words only: adds ids of a word’s first and last characters (model.json, inputs.characters) */
                  characters?:
                    | {
                        /** First characters of a word */
                        prefix: number;
                        /** Last characters of a word */
                        suffix: number;
                      }
                    | undefined;
                }
              | {
                  /** The kind of input */
                  kind: 'numeric';
                  /** Names of the features; by default the CSV’s columns, or value_0, value_1 … Mean and scale come from the data */
                  features?: string[] | undefined;
                }
            )
          | undefined;
        /** Labels, units and vocabulary of the answers; by default those of the data */
        outputs?:
          | {
              /** classify, tag: the labels; by default those of the data */
              labels?: string[] | undefined;
              /** classify, tag: several labels may apply at once */
              multi_label?: boolean | undefined;
              /** decode: the vocabulary of the targets */
              vocabulary?:
                | {
                    /** The kind of input */
                    kind?: 'text' | undefined;
                    /** What a step of a text is */
                    vocabulary?: ('characters' | 'words') | undefined;
                    /** By default the `max_tokens` most frequent tokens of the data that occur at least `min_count` times */
                    tokens?: string[] | undefined;
                    /** Rarer tokens are unknown */
                    min_count?: number | undefined;
                    /** The most tokens of a vocabulary */
                    max_tokens?: number | undefined;
                    /** Whether texts are lowercased */
                    lowercase?: boolean | undefined;
                    /** Unicode normalisation of texts */
                    normalize?: ('none' | 'NFC' | 'NFKC') | undefined;
                    /** words only: adds ids of a word’s first and last characters (model.json, inputs.characters) */
                    characters?:
                      | {
                          /** First characters of a word */
                          prefix: number;
                          /** Last characters of a word */
                          suffix: number;
                        }
                      | undefined;
                  }
                | undefined;
              /** predict: names of the outputs */
              units?: string[] | undefined;
            }
          | undefined;
        /** Defaults of decoding, stored in model.json */
        decoding?: Record<string, unknown> | undefined;
        /** A dataset, or records */
        data:
          | {
              /** Id of an uploaded dataset */
              dataset: string;
            }
          | {
              /** The records */
              records: Record<string, unknown>[];
            };
        /** predict from a CSV whose rows are time steps: reads `window` rows and predicts the next `horizon` targets */
        series?:
          | {
              /** How the data is read; by default by its first record */
              inputs?: string[] | undefined;
              /** Columns to predict */
              targets?: string[] | undefined;
              /** Rows that are read */
              window: number;
              /** Rows that are predicted */
              horizon: number;
              /** Rows between two windows */
              stride?: number | undefined;
              /** Predicts after every step of the window instead of the last alone */
              every_step?: boolean | undefined;
            }
          | undefined;
        /** Validation data, or a share of the training data: drawn by the seed, of plain text and series the end */
        validation?:
          | (
              | (
                  | {
                      /** Id of an uploaded dataset */
                      dataset: string;
                    }
                  | {
                      /** The records */
                      records: Record<string, unknown>[];
                    }
                )
              | {
                  /** Of the training data */
                  share: number;
                }
            )
          | undefined;
        /** How it is trained */
        hyperparameters?:
          | {
              /** Sequences of a step */
              batch_size?: number | undefined;
              /** Before the schedule */
              learning_rate?: number | undefined;
              /** Its type, and the options of that type */
              optimizer?:
                | (
                    | {
                        /** Stochastic gradient descent */
                        type: 'sgd';
                        /** Share of the step before that each step repeats; 0 for none */
                        momentum?: number | undefined;
                        /** Looks ahead by the momentum; needs one */
                        nesterov?: boolean | undefined;
                        /** L2: this times the weight is added to its gradient, for matrices only */
                        weight_decay?: number | undefined;
                      }
                    | {
                        /** Divides a gradient by the root of the mean of its squares */
                        type: 'rmsprop';
                        /** Weight of the past in that mean */
                        alpha?: number | undefined;
                        /** Added to the root of the mean square, so that small gradients are not divided by zero */
                        epsilon?: number | undefined;
                        /** Share of the step before that each step repeats; 0 for none */
                        momentum?: number | undefined;
                        /** L2: this times the weight is added to its gradient, for matrices only */
                        weight_decay?: number | undefined;
                      }
                    | {
                        /** Means of the gradients and of their squares; adamw decays weights apart from them */
                        type: 'adam' | 'adamw';
                        /** Weight of the past in the mean of the gradients */
                        beta1?: number | undefined;
                        /** Weight of the past in the mean of their squares */
                        beta2?: number | undefined;
                        /** Added to the root of the mean square, so that small gradients are not divided by zero */
                        epsilon?: number | undefined;
                        /** adam: L2, added to the gradient; adamw: this share of the step is taken off the weight. Matrices only */
                        weight_decay?: number | undefined;
                      }
                  )
                | undefined;
              /** How the learning rate changes over the run */
              schedule?:
                | (
                    | {
                        /** The learning rate as it is */
                        type: 'constant';
                        /** Share of the run over which the rate rises from 0 */
                        warm_up?: number | undefined;
                      }
                    | {
                        /** Falls by a factor at even times */
                        type: 'step';
                        /** Share of the run after which it falls, again and again */
                        every: number;
                        /** The factor */
                        gamma?: number | undefined;
                        /** Share of the run over which the rate rises from 0 */
                        warm_up?: number | undefined;
                      }
                    | {
                        /** Falls in half a cosine */
                        type: 'cosine';
                        /** Share of the learning rate at the end */
                        floor?: number | undefined;
                        /** Share of the run over which the rate rises from 0 */
                        warm_up?: number | undefined;
                      }
                    | {
                        /** Rises to the learning rate and falls, in cosines */
                        type: 'one_cycle';
                        /** Share of the run at which it is highest */
                        peak_at?: number | undefined;
                      }
                    | {
                        /** Falls by a factor when the score gets no better */
                        type: 'plateau';
                        /** The factor */
                        factor?: number | undefined;
                        /** Evaluations in a row without a better score */
                        patience?: number | undefined;
                        /** Least share of the learning rate */
                        floor?: number | undefined;
                        /** Share of the run over which the rate rises from 0 */
                        warm_up?: number | undefined;
                      }
                  )
                | undefined;
              /** Gradients are scaled to a global norm of at most `norm`, then each is clipped to ± `value` */
              clip?:
                | {
                    /** Of all gradients together */
                    norm?: number | undefined;
                    /** Of each gradient */
                    value?: number | undefined;
                  }
                | undefined;
              /** By default softmax_cross_entropy, sigmoid_cross_entropy or mean_squared, by task */
              loss?:
                | (
                    | {
                        /** For one class of several; nats */
                        type: 'softmax_cross_entropy';
                        /** Share of a target that is spread over all classes */
                        label_smoothing?: number | undefined;
                      }
                    | {
                        /** For labels that may apply together; nats */
                        type: 'sigmoid_cross_entropy';
                      }
                    | {
                        /** −ln p(labels of the sequence), for a network that ends in a crf */
                        type: 'crf';
                      }
                    | {
                        /** The mean of the squared errors */
                        type: 'mean_squared';
                      }
                    | {
                        /** The mean of the absolute errors */
                        type: 'mean_absolute';
                      }
                    | {
                        /** Squared for small errors, absolute for large ones */
                        type: 'huber';
                        /** The error from which it is absolute */
                        delta?: number | undefined;
                      }
                  )
                | undefined;
              /** classify, tag: weight of each label; `balanced` weighs labels by inverse frequency */
              class_weights?: ('balanced' | Record<string, number>) | undefined;
              /** Backpropagates through `k2` steps every `k1` steps, carrying the state; through whole sequences by default */
              truncate?:
                | {
                    /** Steps between two updates */
                    k1: number;
                    /** Steps that gradients reach back */
                    k2: number;
                  }
                | undefined;
              /** decode: probability of replacing a decoder input by its prediction; rises linearly from 0 to this */
              scheduled_sampling?: number | undefined;
              /** Number of shards of a batch, whose gradients are summed in order; results do not depend on the threads */
              shards?: number | undefined;
              /** classify, and predict with one target: whether the target applies to the last step or to every step */
              loss_at?: ('end' | 'every_step') | undefined;
              /** Longer sequences are skipped and counted */
              max_steps?: number | undefined;
              /** Steps between evaluations on the validation data; by default once an epoch */
              evaluate_every?: number | undefined;
              /** Steps between checkpoints, besides those at evaluations */
              checkpoint_every?: number | undefined;
              /** Stops after `patience` evaluations without a better score. The best weights are published in any case. */
              early_stopping?:
                | {
                    /** Evaluations */
                    patience: number;
                  }
                | undefined;
              /** Steps between reports of gradient flow; 0 turns them off */
              gradient_flow_every?: number | undefined;
              /** Embeddings are initialised uniformly in ± this scale */
              embedding_scale?: number | undefined;
              /** glorot: Glorot and Bengio 2010; he: He et al. 2015 for matrices before relu, else Glorot. */
              initialisation?: ('glorot' | 'he') | undefined;
            }
          | undefined;
        /** Training ends with the first limit reached. Schedules run over epochs or steps. */
        budget?:
          | {
              /** Passes over the data */
              epochs?: number | undefined;
              /** Batches */
              steps?: number | undefined;
              /** Of training, without pauses */
              minutes?: number | undefined;
            }
          | undefined;
        /** The same seed gives the same weights */
        seed?: number | undefined;
        /** Whether the best checkpoint becomes the next version of its model and takes its traffic: `never`; `if_better` than the present version, measured on the same validation data; `always`. The first version of a model is published with either of these */
        publish?: ('never' | 'if_better' | 'always') | undefined;
        /** How many of the last checkpoints stay; the best one stays besides */
        keep?: number | undefined;
        /** Publishes although the task, labels or inputs are not those of the present version */
        force?: boolean | undefined;
        /** Stored in model.json with the job’s own provenance, for example the source and licence of the data */
        provenance?: Record<string, unknown> | undefined;
      };
      cells?: ('rnn' | 'lstm' | 'gru' | 'mingru' | 'cifg')[] | undefined;
      grid?: Record<string, unknown[]> | undefined;
      random?:
        | {
            trials: number;
            ranges: Record<
              string,
              | unknown[]
              | {
                  min: number;
                  max: number;
                  log?: boolean | undefined;
                  whole?: boolean | undefined;
                }
            >;
            seed?: number | undefined;
          }
        | undefined;
      target?:
        | {
            metric: string;
            value: number;
          }
        | undefined;
    };
    reply: Comparison;
  };
  /** Lists comparisons, newest first */
  listComparisons: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: Comparison[];
    };
  };
  /** Shows a comparison: score, parameters, step time, time to the target and gradient reach of each trial */
  showComparison: {
    path: {
      comparison: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Comparison;
  };
  /** Cancels all unfinished trials; no model is published */
  cancelComparison: {
    path: {
      comparison: string;
    };
    query?: undefined;
    body?: undefined;
    reply: Comparison;
  };
  /** Texts that continue prompts, from a model that generates */
  createCompletion: {
    path?: undefined;
    query?: undefined;
    body: {
      /** `name`, `name@version` or `name@alias` */
      model: string;
      /** A text or a list of texts; or ids of the model's vocabulary, or a list of lists of them. Without it the model starts from its start token */
      prompt?: (string | string[] | number[] | number[][]) | undefined;
      /** 16 by default; at most UNROLL_MAX_TOKENS */
      max_tokens?: number | undefined;
      /** 0 is greedy */
      temperature?: number | undefined;
      /** Sample from the fewest that reach this probability */
      top_p?: number | undefined;
      /** Choices for each prompt */
      n?: number | undefined;
      /** Send server-sent events while the texts are written */
      stream?: boolean | undefined;
      stream_options?:
        | {
            /** A last chunk without choices has the usage */
            include_usage?: (boolean | null) | undefined;
            /** Accepted, and not used */
            include_obfuscation?: unknown;
          }
        | undefined;
      /** Alternatives to report with each token */
      logprobs?: number | undefined;
      /** Begin each text with its prompt */
      echo?: boolean | undefined;
      /** The text ends before any of these */
      stop?: (string | string[]) | undefined;
      /** Subtracted from a logit for each occurrence; 0 is none */
      frequency_penalty?: number | undefined;
      /** The same seed gives the same text, regardless of batch composition */
      seed?: number | undefined;
      /** Not supported but as the value of `n` */
      best_of?: number | undefined;
      /** Not supported: must be 0; there is frequency_penalty */
      presence_penalty?: unknown;
      /** Not supported: must be empty; tokens have no biases */
      logit_bias?: unknown;
      /** Not supported: must be empty; a text is continued at its end only */
      suffix?: unknown;
      /** Accepted, and not used */
      user?: unknown;
      /** Accepted, and not used */
      service_tier?: unknown;
      /** Accepted, and not used */
      store?: unknown;
      /** Accepted, and not used */
      metadata?: unknown;
      /** Accepted, and not used */
      safety_identifier?: unknown;
      /** Accepted, and not used */
      prompt_cache_key?: unknown;
      /** Sample from the k most likely; 0 is all */
      top_k?: number | undefined;
      /** Sample from those at least this likely relative to the most likely */
      min_p?: number | undefined;
      /** Divides the logits of tokens that have occurred; 1 is none */
      repetition_penalty?: number | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
    };
    reply: Completion;
    events: Completion | '[DONE]';
  };
  /** The last hidden state of whole sequences, from a model of any task */
  createEmbedding: {
    path?: undefined;
    query?: undefined;
    body: {
      /** `name`, `name@version` or `name@alias` */
      model: string;
      /** As of /v1/models/{model}/embed. For a model of texts, lists of numbers are ids of the model's vocabulary */
      input: string | string[] | string[][] | number[] | number[][] | number[][][];
      /** base64: little-endian float32 numbers, which are exact */
      encoding_format?: ('float' | 'base64') | undefined;
      /** Must be the width of the hidden state, as it always is */
      dimensions?: number | undefined;
      /** Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS */
      timeout_ms?: number | undefined;
      /** Accepted, and not used */
      user?: unknown;
      /** Accepted, and not used */
      service_tier?: unknown;
      /** Accepted, and not used */
      store?: unknown;
      /** Accepted, and not used */
      metadata?: unknown;
      /** Accepted, and not used */
      safety_identifier?: unknown;
      /** Accepted, and not used */
      prompt_cache_key?: unknown;
    };
    reply: Embeddings;
  };
  /** Trains a model further as a training job; the best checkpoint is published under a new name */
  createFineTuningJob: {
    path?: undefined;
    query?: undefined;
    body: {
      /** `name`, `name@version` or `name@alias` */
      model: string;
      training_file: string;
      validation_file?: string | undefined;
      /** The trained model is `<model>-<suffix>`; by default the suffix is drawn */
      suffix?: string | undefined;
      seed?: number | undefined;
      hyperparameters?:
        | {
            n_epochs?: ('auto' | number) | undefined;
            batch_size?: ('auto' | number) | undefined;
            /** Times the default learning rate of training jobs */
            learning_rate_multiplier?: ('auto' | number) | undefined;
          }
        | undefined;
      method?:
        | {
            type: 'supervised';
            supervised?:
              | {
                  hyperparameters?:
                    | {
                        n_epochs?: ('auto' | number) | undefined;
                        batch_size?: ('auto' | number) | undefined;
                        /** Times the default learning rate of training jobs */
                        learning_rate_multiplier?: ('auto' | number) | undefined;
                      }
                    | undefined;
                }
              | undefined;
          }
        | undefined;
      integrations?: unknown;
      /** Accepted, and not used */
      user?: unknown;
      /** Accepted, and not used */
      service_tier?: unknown;
      /** Accepted, and not used */
      store?: unknown;
      /** Accepted, and not used */
      metadata?: unknown;
      /** Accepted, and not used */
      safety_identifier?: unknown;
      /** Accepted, and not used */
      prompt_cache_key?: unknown;
    };
    reply: FineTuningJob;
  };
  /** Lists training jobs, newest first */
  listFineTuningJobs: {
    path?: undefined;
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last item of the page before */
          after?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: FineTuningJob[];
      has_more: boolean;
    };
  };
  /** Shows a training job */
  showFineTuningJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: FineTuningJob;
  };
  /** As cancel of a training job */
  cancelFineTuningJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: FineTuningJob;
  };
  /** As pause of a training job */
  pauseFineTuningJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: FineTuningJob;
  };
  /** As resume of a training job */
  resumeFineTuningJob: {
    path: {
      job: string;
    };
    query?: undefined;
    body?: undefined;
    reply: FineTuningJob;
  };
  /** Lists the events of a training job, oldest first */
  listFineTuningEvents: {
    path: {
      job: string;
    };
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last event of the page before */
          after?: number | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: FineTuningEvent[];
      has_more: boolean;
    };
  };
  /** Lists the checkpoints of a training job, newest first */
  listFineTuningCheckpoints: {
    path: {
      job: string;
    };
    query?:
      | {
          limit?: number | undefined;
          /** Id of the last item of the page before */
          after?: string | undefined;
        }
      | undefined;
    body?: undefined;
    reply: {
      object: 'list';
      data: FineTuningCheckpoint[];
      has_more: boolean;
    };
  };
  /** Name, version and extensions of the server */
  serverMetadata: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    reply: {
      name: string;
      version: string;
      extensions: string[];
    };
  };
  /** The input and output tensors of a model */
  modelMetadata: {
    path: {
      model: string;
    };
    query?: undefined;
    body?: undefined;
    reply: InferenceMetadata;
  };
  /** Whether a model is ready */
  modelReady: {
    path: {
      model: string;
    };
    query?: undefined;
    body?: undefined;
    reply: {
      name: string;
      ready: boolean;
    };
  };
  /** Tensors in, tensors out; JSON or, with the binary extension, bytes */
  infer: {
    path: {
      model: string;
    };
    query?: undefined;
    body: {
      id?: string | undefined;
      parameters?: Record<string, unknown> | undefined;
      inputs: {
        name: string;
        shape: number[];
        datatype:
          | 'BOOL'
          | 'UINT8'
          | 'UINT16'
          | 'UINT32'
          | 'UINT64'
          | 'INT8'
          | 'INT16'
          | 'INT32'
          | 'INT64'
          | 'FP16'
          | 'FP32'
          | 'FP64'
          | 'BYTES';
        parameters?: Record<string, unknown> | undefined;
        data?: unknown;
      }[];
      outputs?:
        | {
            name: string;
            parameters?: Record<string, unknown> | undefined;
          }[]
        | undefined;
    };
    reply: InferenceReply;
  };
  /** The input and output tensors of a model */
  modelMetadataVersion: {
    path: {
      model: string;
      version: string;
    };
    query?: undefined;
    body?: undefined;
    reply: InferenceMetadata;
  };
  /** Whether a model is ready */
  modelReadyVersion: {
    path: {
      model: string;
      version: string;
    };
    query?: undefined;
    body?: undefined;
    reply: {
      name: string;
      ready: boolean;
    };
  };
  /** Tensors in, tensors out; JSON or, with the binary extension, bytes */
  inferVersion: {
    path: {
      model: string;
      version: string;
    };
    query?: undefined;
    body: {
      id?: string | undefined;
      parameters?: Record<string, unknown> | undefined;
      inputs: {
        name: string;
        shape: number[];
        datatype:
          | 'BOOL'
          | 'UINT8'
          | 'UINT16'
          | 'UINT32'
          | 'UINT64'
          | 'INT8'
          | 'INT16'
          | 'INT32'
          | 'INT64'
          | 'FP16'
          | 'FP32'
          | 'FP64'
          | 'BYTES';
        parameters?: Record<string, unknown> | undefined;
        data?: unknown;
      }[];
      outputs?:
        | {
            name: string;
            parameters?: Record<string, unknown> | undefined;
          }[]
        | undefined;
    };
    reply: InferenceReply;
  };
  /** Every version of every model, and why it cannot be served */
  repositoryIndex: {
    path?: undefined;
    query?: undefined;
    body: {
      ready?: boolean | undefined;
    } | null;
    reply: {
      name: string;
      version: string;
      state: string;
      reason: string;
    }[];
  };
  /** Reads a model, or reads it again: `name`, `name@version` or `name@alias` */
  loadModel: {
    path: {
      model: string;
    };
    query?: undefined;
    body: {
      parameters?: Record<string, never> | undefined;
    } | null;
    reply: Record<string, never>;
  };
  /** Unloads a model until it is loaded again: `name`, `name@version` or `name@alias` */
  unloadModel: {
    path: {
      model: string;
    };
    query?: undefined;
    body: {
      parameters?:
        | {
            unload_dependents?: boolean | undefined;
          }
        | undefined;
    } | null;
    reply: Record<string, never>;
  };
  /** Statistics of every model */
  statistics: { path?: undefined; query?: undefined; body?: undefined; reply: ModelStatistics };
  /** Statistics of every version of a model */
  modelStatistics: {
    path: {
      model: string;
    };
    query?: undefined;
    body?: undefined;
    reply: ModelStatistics;
  };
  /** Statistics of a version of a model */
  modelStatisticsVersion: {
    path: {
      model: string;
      version: string;
    };
    query?: undefined;
    body?: undefined;
    reply: ModelStatistics;
  };
  /** Whether the server runs */
  live: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    reply: {
      live: true;
    };
  };
  /** Whether the server is ready: a model can be served, not shutting down, not out of connections */
  ready: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    reply: {
      ready: boolean;
      /** Why it is not */
      reason?: string;
      /** Only where training is not available; models are served all the same */
      training?: {
        available: false;
        reason: string;
      };
    };
  };
  /** Prometheus text format, or OpenMetrics for a client that prefers it */
  metrics: { path?: undefined; query?: undefined; body?: undefined; reply: string };
}
