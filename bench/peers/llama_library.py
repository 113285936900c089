"""llama.cpp's library through the low-level interface of llama-cpp-python: the pieces that the
tokeniser and the in-process engine share."""

import contextlib
import ctypes


def load():
    """The module with the C functions, messages of the library switched off."""
    from llama_cpp import llama_cpp

    llama_cpp.llama_log_set(_silent(llama_cpp), ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return llama_cpp


_callbacks = []  # the library keeps pointers to them


def _silent(llama_cpp):
    callback = llama_cpp.llama_log_callback(lambda level, text, data: None)
    _callbacks.append(callback)
    return callback


class Vocabulary:
    """Text to tokens and back, as llama.cpp does it. The tokens that all engines are given."""

    def __init__(self, model_path):
        self.llama = load()
        parameters = self.llama.llama_model_default_params()
        parameters.vocab_only = True
        self.model = self.llama.llama_model_load_from_file(str(model_path).encode(), parameters)
        if not self.model:
            raise RuntimeError(f"llama.cpp cannot read {model_path}")
        self.vocabulary = self.llama.llama_model_get_vocab(self.model)

    def tokens(self, text):
        """With the text of special tokens taken for the tokens, and nothing added in front."""
        return self._tokenize(text, False)

    def prompt_tokens(self, text):
        """The same with what the model wants in front of a text (Gemma: <bos>)."""
        return self._tokenize(text, True)

    def _tokenize(self, text, add_special):
        data = text.encode()
        room = len(data) + 8
        buffer = (self.llama.llama_token * room)()
        count = self.llama.llama_tokenize(self.vocabulary, data, len(data), buffer, room,
                                          add_special, True)
        if count < 0:
            raise RuntimeError("the tokens of a prompt do not fit where they must")
        return list(buffer[:count])

    def text(self, tokens):
        """Without control tokens; bytes that are no UTF-8 become U+FFFD."""
        pieces = b""
        buffer = ctypes.create_string_buffer(256)
        for token in tokens:
            size = self.llama.llama_token_to_piece(self.vocabulary, token, buffer, len(buffer), 0,
                                                   False)
            pieces += buffer.raw[:max(0, size)]
        return pieces.decode("utf-8", errors="replace")

    def close(self):
        with contextlib.suppress(AttributeError):
            self.llama.llama_model_free(self.model)
            del self.model
