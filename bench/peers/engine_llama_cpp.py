"""llama.cpp in the process: many sequences in one batch through the C interface, the way somebody
who knows it would write a loop over a data set.

The common beginning of all prompts is computed once and shared between sequences (that takes the
unified key/value cache), prompts fill batches of 2,048 tokens, and all sequences of a wave take a
step together. Every answer is as long as every other, so that waves leave no sequence idle.
"""

import ctypes
import time

import llama_library

MIN_SHARED = 16  # tokens; below, sharing is not worth a copy of cells
BATCH_TOKENS = 2048


class Engine:
    """options: `sequences` in flight, `unified` cache or one of its own for each sequence, `ubatch`
    tokens."""

    def __init__(self, model_path, threads, options):
        started = time.perf_counter()
        self.llama = llama_library.load()
        self.options = {"sequences": 64, "unified": True, "ubatch": 512, **options}
        parameters = self.llama.llama_model_default_params()
        self.model = self.llama.llama_model_load_from_file(str(model_path).encode(), parameters)
        if not self.model:
            raise RuntimeError(f"llama.cpp cannot read {model_path}")
        vocabulary = self.llama.llama_model_get_vocab(self.model)
        self.vocabulary_size = self.llama.llama_vocab_n_tokens(vocabulary)
        self.threads = threads
        self.load_seconds = time.perf_counter() - started
        self.batch = self.llama.llama_batch_init(BATCH_TOKENS, 0, 1)
        self.context = None

    def versions(self):
        import llama_cpp

        info = self.llama.llama_print_system_info().decode()
        return {"llama-cpp-python": llama_cpp.__version__, "llama.cpp": info.strip(" |")}

    def close(self):
        self.llama.llama_free(self.context)
        self.llama.llama_model_free(self.model)

    def _open_context(self, sequences, tokens_each):
        """The cache is made for the work, before the clock starts."""
        if self.context:
            self.llama.llama_free(self.context)
        parameters = self.llama.llama_context_default_params()
        parameters.n_ctx = -(-(sequences * tokens_each) // 256) * 256
        parameters.n_batch = BATCH_TOKENS
        parameters.n_ubatch = self.options["ubatch"]
        parameters.n_seq_max = sequences
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.kv_unified = self.options["unified"]
        self.context = self.llama.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError("llama.cpp made no context")
        self.memory = self.llama.llama_get_memory(self.context)

    def _decode(self, entries, allowed=()):
        """entries: (token, position, sequence, is_output). Returns the likeliest next token of each
        output, out of the allowed ones where there are any, in their order."""
        found = []
        for start in range(0, len(entries), BATCH_TOKENS):
            part = entries[start:start + BATCH_TOKENS]
            batch = self.batch
            batch.n_tokens = len(part)
            for i, (token, position, sequence, is_output) in enumerate(part):
                batch.token[i] = token
                batch.pos[i] = position
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = sequence
                batch.logits[i] = is_output
            code = self.llama.llama_decode(self.context, batch)
            if code != 0:
                raise RuntimeError(f"llama_decode failed with {code}")
            found += [self._likeliest(i, allowed) for i, entry in enumerate(part) if entry[3]]
        return found

    def _likeliest(self, index, allowed):
        import numpy

        logits = self.llama.llama_get_logits_ith(self.context, index)
        if allowed:
            return max(allowed, key=lambda token: logits[token])
        return int(numpy.ctypeslib.as_array(logits, (self.vocabulary_size,)).argmax())

    def generate(self, prompts, max_tokens, allowed=()):
        """prompts: token ids; allowed: the tokens that may be answered, all where empty. Returns
        the answers' ids, all seconds, and those until every first token."""
        shared = shared_beginning(prompts) if self.options["unified"] else 0
        wave = min(self.options["sequences"], len(prompts))
        longest = max(map(len, prompts)) - shared + max_tokens
        self._open_context(wave + 1, longest + -(-shared // (wave + 1)) if self.options["unified"]
                           else longest + shared)
        started = time.perf_counter()
        first_seconds = 0.0
        prefix_sequence = wave
        if shared:
            self._decode([(token, i, prefix_sequence, False)
                          for i, token in enumerate(prompts[0][:shared])])
        answers = []
        for start in range(0, len(prompts), wave):
            wave_started = time.perf_counter()
            rows = prompts[start:start + wave]
            entries = []
            for sequence, prompt in enumerate(rows):
                self.llama.llama_memory_seq_rm(self.memory, sequence, -1, -1)
                if shared:
                    self.llama.llama_memory_seq_cp(self.memory, prefix_sequence, sequence, 0,
                                                   shared)
                last = len(prompt) - 1
                entries += [(prompt[i], i, sequence, i == last)
                            for i in range(shared, len(prompt))]
            tokens = self._decode(entries, allowed)
            first_seconds += time.perf_counter() - wave_started
            texts = [[token] for token in tokens]
            for step in range(1, max_tokens):
                tokens = self._decode([(token, len(rows[sequence]) + step - 1, sequence, True)
                                       for sequence, token in enumerate(tokens)])
                for text, token in zip(texts, tokens):
                    text.append(token)
            answers += texts
        return answers, time.perf_counter() - started, first_seconds


def shared_beginning(prompts):
    """Tokens that all prompts begin with; at least one token is left to each."""
    if len(prompts) < 2:
        return 0
    low, high = min(prompts), max(prompts)
    count = 0
    for a, b in zip(low, high):
        if a != b:
            break
        count += 1
    count = min([count] + [len(prompt) - 1 for prompt in prompts])
    return count if count >= MIN_SHARED else 0
