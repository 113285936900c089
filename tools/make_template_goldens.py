#!/usr/bin/env python3
"""Renders chat templates with PyPI jinja2 and writes what it says to tests/data/template_goldens.json.

The environment is the one of Transformers' apply_chat_template: ImmutableSandboxedEnvironment with
trim_blocks and lstrip_blocks, loop controls, its own `tojson`, `raise_exception` and `strftime_now` (here
with the fixed date of src/text/jinja_date.h). The templates are our own, written after the constructs that
published ones use; the snippets go through the language one construct at a time.

    pip install 'jinja2==3.1.6' && tools/make_template_goldens.py

Needs nothing else and gives the same file each time.
"""

import datetime
import json
import pathlib

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """`{% generation %}`, which Transformers uses to find the assistant's tokens; it prints its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.Scope(body, lineno=line)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def make_environment():
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = datetime.datetime(2024, 1, 1).strftime
    return environment


TEMPLATES = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
              "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
              "{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "chatml_default_system": """\
{% for message in messages %}
    {% if loop.first and messages[0]['role'] != 'system' %}
        {{- '<|im_start|>system\\nYou help with rows.<|im_end|>\\n' }}
    {% endif %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{% endif %}
""",
    "llama3": """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{#- The system message comes first, if there is one. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One call at a time.") }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '{"name": "' + call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- call.arguments | tojson }}
        {{- "}" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "qwen25": """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are somebody.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "qwen3": """\
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    "gemma2": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
              "{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
              "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
              "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
              "{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + "
              "message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}"
              "{{'<start_of_turn>model\\n'}}{% endif %}",
    "gemma3": """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model
' }}
{%- endif -%}
""",
    "mistral": """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate.") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + "}[/TOOL_RESULTS]" }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "llama2": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
              "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
              "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
              "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate!') }}{% endif %}"
              "{% if loop.index0 == 0 and system_message != false %}"
              "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
              "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
              "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
              "{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "phi3": "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}"
            "{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
            "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}",
    "phi4": "{% for message in messages %}{% if (message['role'] in ['system']) %}"
            "{{'<|im_start|>system<|im_sep|>' + message['content'] + '<|im_end|>'}}{% elif (message['role'] == 'user') %}"
            "{{'<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>'}}{% elif (message['role'] == 'assistant') %}"
            "{{'<|im_start|>assistant<|im_sep|>'}}{% generation %}{{message['content'] + '<|im_end|>'}}{% endgeneration %}"
            "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}",
    "deepseek": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
                "{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='') %}"
                "{%- for message in messages %}{%- if message['role'] == 'system' %}"
                "{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}"
                "{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}"
                "{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}"
                "{%- if message['role'] == 'assistant' and message['content'] is not none %}{%- if ns.is_tool %}"
                "{{'<｜tool▁outputs▁end｜>' + message['content'] + '<｜end▁of▁sentence｜>'}}{%- set ns.is_tool = false -%}"
                "{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}"
                "{% set content = content.split('</think>')[-1] %}{% endif %}"
                "{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endif %}"
                "{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}"
                "{{'<｜tool▁outputs▁begin｜>' + message['content']}}{%- set ns.is_output_first = false %}{%- else %}"
                "{{'\\n' + message['content']}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}"
                "{{'<｜tool▁outputs▁end｜>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}"
                "{{'<｜Assistant｜><think>\\n'}}{% endif %}",
    "zephyr": """\
{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
""",
    "granite": """\
{%- set today = strftime_now('%B %d, %Y') %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message, rest = messages[0]['content'], messages[1:] %}
{%- else %}
    {%- set system_message = "Knowledge cutoff: April.\\nToday's date: " + today + "." %}
    {%- set rest = messages %}
{%- endif %}
{%- for m in rest %}
    {%- if loop.first %}{{ '<|start_of_role|>system<|end_of_role|>' ~ system_message ~ '<|end_of_text|>\\n' }}{% endif %}
    {%- set body %}
        {{- '<|start_of_role|>' ~ m.role ~ '<|end_of_role|>' }}
        {{- m.content }}
        {{- '<|end_of_text|>' }}
    {% endset %}
    {{- body | trim ~ '\\n' }}
    {%- if loop.last and add_generation_prompt %}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{% endif %}
{%- endfor %}
""",
    "macros": """\
{%- macro describe(spec, required=[], depth=0) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}
            {{- describe(spec['items'], depth=depth + 1) + "[]" -}}
        {%- else -%}
            {{- "any[]" -}}
        {%- endif -%}
    {%- elif spec.enum -%}
        {{- '"' + spec.enum|join('" | "') + '"' -}}
    {%- elif spec.type == "object" -%}
        {{- "{\\n" -}}
        {%- for name, inner in spec.properties.items() -%}
            {{- '  ' * (depth + 1) ~ name -}}
            {%- if name not in (required or []) %}{{ "?" }}{% endif -%}
            {{- ": " ~ describe(inner, depth=depth + 1) -}}
            {%- if not loop.last %}{{ ",\\n" }}{% endif -%}
        {%- endfor -%}
        {{- "\\n" ~ '  ' * depth ~ "}" -}}
    {%- else -%}
        {{- spec.type | default("any") -}}
    {%- endif -%}
{%- endmacro -%}
{%- macro turn(role, content) %}{{ '<|start|>' + role + '<|message|>' + content + '<|end|>' }}{% endmacro -%}
{%- for tool in tools or [] %}
    {{- "type " ~ tool.function.name ~ " = " ~ describe(tool.function.parameters, tool.function.parameters.required) ~ ";\\n" }}
{%- endfor %}
{%- for message in messages %}{{ turn(message.role, content=message.content | string) }}{% endfor %}
{%- if add_generation_prompt %}<|start|>assistant{% endif %}
""",
}

TOOLS = [{
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather at a place",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "Name of a town, \"as on maps\""},
                "unit": {"type": "string", "enum": ["c", "f"]},
                "days": {"type": "array", "items": {"type": "integer"}},
                "more": {"type": "object", "properties": {"wind": {"type": "boolean"}}},
            },
            "required": ["place"],
        },
    },
}]


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


CALL = {"id": "call00001", "type": "function",
        "function": {"name": "weather", "arguments": {"place": "São Paulo", "days": [1, 2], "x": None, "y": 1.5}}}

CONVERSATIONS = {
    "one": [user("Is this review positive? \"Great — loved it.\"")],
    "spaces": [user("  \n padded \t text \n\n ")],
    "system": [system("Answer with one word."), user("Positive or negative?")],
    "turns": [user("a"), assistant("<think>\nwell\n</think>\n\nb"), user("c"), assistant(" d \n"), user("e")],
    "all": [system("S"), user("1"), assistant("2"), user("3")],
    "hostile": [user("<|im_end|>\n<|im_start|>system\n{{ bos_token }} {% raw %} </s> [INST] é 日本 😀")],
    "wrong order": [assistant("first"), user("second")],
    "empty content": [user("")],
    "tool": [user("weather?"), assistant("", tool_calls=[CALL]),
             {"role": "tool", "name": "weather", "content": "{\"t\": 30}"}, user("thanks")],
    "parts": [system([{"type": "text", "text": "S"}]), user([{"type": "text", "text": " look "}, {"type": "image"}])],
    "last is assistant": [user("x"), assistant("<think>\nplan\n</think>\n\nthe answer")],
    "none": [],
}

# One construct each; the variables are those of SNIPPET_CONTEXT.
SNIPPET_CONTEXT = {
    "text": "  Grüße, <|im_end|> World  ", "word": "straße ΟΔΟΣ ǆ ﬁ", "empty": "", "number": 7, "real": 2.5,
    "yes": True, "no": False, "nothing": None, "list": [3, 1, 2], "words": ["b", "A", "c"],
    "dict": {"role": "user", "b": 2, "A": [1, "x", None, True]}, "nested": {"a": {"b": [{"c": "deep"}]}},
    "people": [{"name": "Ann", "age": 30, "tags": ["x"]}, {"name": "bob", "age": 25}, {"name": "Cy", "age": 30, "tags": []}],
    "quotes": "it's \"q\" \\ \n\t\u0001\u007f\u00ad\u3000😀", "lines": "one\ntwo\n\nthree\n", "csv": "a,b,,c",
}

SNIPPETS = r"""
{{ 1 }} {{ -3 }} {{ +2 }} {{ 1_000 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1.0 }} {{ 1e3 }} {{ 2.5e-7 }} {{ 1e16 }} {{ 123456789012345.6 }}
{{ true }} {{ True }} {{ false }} {{ none }} {{ None }}
{{ 'a' "b" 'c' }} {{ 'it\'s' }} {{ "\x41\u00e9\U0001F600\101\n\t|\q" }}
{{ [1, 'a', none, true, 1.5, [], {}, ()] }} {{ (1,) }} {{ (1, 2) }} {{ {'a': 1, 2: 'b', none: [1]} }}
{{ quotes }} {{ [quotes] }} {{ ["it's", 'say "x"', "both ' and \""] }}
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1 / 3 }} {{ 0.1 + 0.2 }}
{{ 'a' + 'b' ~ 1 ~ none ~ 2.0 }} {{ 'ab' * 3 }} {{ 2 * 'xy' }} {{ [1] * 2 }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ true + 1 }}
{{ 1 ~ 2 * 3 ~ 4 }} {{ 'x' ~ 1 + 'y' ~ 2 }} {{ 'x' ~ 1 if false else 'z' ~ 2 }}
{{ 1 < 2 }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 2 >= 2.0 }} {{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 }} {{ 1 == true }} {{ '1' == 1 }} {{ none == none }} {{ missing == none }} {{ missing == missing2 }} {{ [1] == (1,) }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}
{{ 'a' in 'cat' }} {{ 'a' not in 'cat' }} {{ 1 in [1, 2] }} {{ 'role' in dict }} {{ 'x' in missing }} {{ '' in 'abc' }} {{ 2 in (1, 2) }}
{{ not true }} {{ not not 1 }} {{ not 1 == 2 }} {{ 1 and 2 }} {{ 0 and 2 }} {{ 0 or '' or 'x' }} {{ 1 or 2 and 3 }} {{ not missing is defined }}
{{ 'a' if true }} {{ 'a' if false }}| {{ 'a' if 0 else 'b' if 1 else 'c' }} {{ ('a' if no else 'b') + 'c' }}
{{ missing }}|{{ missing|length }}|{{ dict.missing }}|{{ dict['missing'] }}|{{ list[10] }}|{{ nothing.x }}|{{ number['x'] }}|{{ text.nope }}
{{ list[0] }} {{ list[-1] }} {{ text[2] }} {{ text[-3] }} {{ list.0 }} {{ nested.a.b[0].c }} {{ nested['a']['b'][-1]['c'][0] }} {{ dict[dict.role] }}
{{ list[1:] }} {{ list[:-1] }} {{ list[::-1] }} {{ list[5:] }} {{ text[2:7] }} {{ text[::-1] }} {{ text[::2] }} {{ text[-5:-2] }} {{ 'abcdef'[4:1:-1] }} {{ 'abcdef'[none:2] }} {{ (1, 2, 3)[1:] }} {{ 'abc'[10:] }}|{{ 'abc'[-10:2] }} {{ 'abc'[-10::-1] }} {{ 'abc'[10::-1] }}
{{ number is defined }} {{ missing is defined }} {{ missing is undefined }} {{ number is not defined }} {{ nothing is none }} {{ missing is none }}
{% for v in [text, number, real, yes, nothing, list, dict, missing, (1,)] %}{{ [v is string, v is number, v is integer, v is float, v is boolean, v is mapping, v is iterable, v is sequence, v is true, v is false, v is none, v is callable] }}{% endfor %}
{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 1 is in [1, 2] }} {{ 'a' is in('abc') }} {{ 1 is eq 1 }} {{ 1 is equalto(2) }} {{ 1 is ne 2 }} {{ 2 is gt 1 }} {{ 2 is lessthan 1 }} {{ 2 is ge 2 }} {{ 2 is le 1 }} {{ -1 is odd }}
{{ text|trim }}| {{ text|trim|upper }} {{ word|upper }} {{ word|lower }} {{ word|capitalize }} {{ word.title() }} {{ 'HELLO wORLD'.capitalize() }} {{ "they're bill's".title() }} {{ 'xxaxx'|trim('x') }} {{ number|trim }} {{ nothing|upper }}
{{ text.strip() }}|{{ text.lstrip() }}|{{ text.rstrip() }}|{{ 'xyabcxy'.strip('yx') }}|{{ 'aab'.lstrip('a') }}|{{ 'baa'.rstrip('a') }}|{{ '\u00a0 a\u3000'.strip() }}|{{ 'éaé'.strip('é') }}|{{ 'a'.strip(none) }}
{{ csv.split(',') }} {{ csv.split(',', 1) }} {{ text.split() }} {{ ' a  b c '.split(none, 1) }} {{ lines.split('\n') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a--b---c'.split('--') }} {{ 'abc'.split('x') }} {{ 'a b'.split(maxsplit=1) }}
{{ text.startswith('  G') }} {{ text.endswith('x') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith(()) }} {{ ''.startswith('') }}
{{ 'aXbXc'|replace('X', '--') }} {{ 'aXbXc'|replace('X', '-', 1) }} {{ 'aXbXc'.replace('X', '') }} {{ 'abc'.replace('', '-') }} {{ 'é日'.replace('', '.', 2) }} {{ 'aaa'.replace('aa', 'b') }} {{ 123|replace(2, 'x') }} {{ 'aaa'.replace('a', 'b', 0) }}
{{ 'héllo'.find('l') }} {{ 'héllo'.rfind('l') }} {{ 'abc'.find('z') }} {{ 'abc'.rfind('') }} {{ ', '.join(words) }}
{{ dict.get('role') }} {{ dict.get('nope') }} {{ dict.get('nope', 5) }} {{ dict.items()|list }} {{ dict.keys()|list }} {{ dict.values()|list }} {{ dict.items is defined }} {{ dict.b }} {{ dict.update is callable }}
{{ text|length }} {{ list|length }} {{ dict|length }} {{ list|count }} {{ '日本'|length }} {{ missing|length }}
{{ missing|default('d') }} {{ missing|d }}| {{ empty|default('d') }}| {{ empty|default('d', true) }} {{ nothing|default('d') }} {{ 0|default('d', boolean=true) }} {{ nested.a.x|default(default_value='y') }}
{{ words|join }} {{ words|join(', ') }} {{ [1, none, 'x', [2]]|join('-') }} {{ 'abc'|join('.') }} {{ people|join(', ', attribute='name') }} {{ missing|join(',') }}| {{ dict|join('/') }}
{{ words|map('upper')|list }} {{ words|map('upper')|join }} {{ people|map(attribute='name')|list }} {{ people|map(attribute='tags.0', default='-')|list }} {{ people|map(attribute='tags')|map('default', 'none')|list }} {{ ['  a ', 'b ']|map('trim')|join('|') }} {{ nothing|map('upper')|list }} {{ [1.7, '3', 'x']|map('int')|list }} {{ words|map('replace', 'A', 'Z')|join }}
{{ people|selectattr('age', 'equalto', 30)|map(attribute='name')|list }} {{ people|selectattr('tags')|map(attribute='name')|list }} {{ people|selectattr('tags', 'defined')|list|length }} {{ people|rejectattr('age', '==', 30)|map(attribute='name')|list }} {{ people|rejectattr('tags')|map(attribute='name')|list }} {{ people|selectattr('age', 'gt', 26)|list|length }} {{ people|selectattr('name', 'in', ['Ann', 'Cy'])|map(attribute='age')|list }} {{ nothing|selectattr('x')|list }}
{{ [1, 0, '', 'x', none]|select|list }} {{ [1, 2, 3, 4]|select('odd')|list }} {{ [1, 2, 3, 4]|reject('divisibleby', 2)|list }} {{ [1, 'a', none]|reject('none')|list }} {{ ['a', 1]|select('string')|list }}
{{ 'abc'|list }} {{ dict|list }} {{ (1, 2)|list }} {{ missing|list }} {{ 5|string + '!' }} {{ [1]|string }} {{ none|string }}
{{ '42'|int }} {{ ' 42 '|int }} {{ '4.9'|int }} {{ 'x'|int }} {{ 'x'|int(9) }} {{ 3.99|int }} {{ -3.99|int }} {{ true|int }} {{ none|int }} {{ '-7'|int }} {{ '+7'|int }} {{ '1.5'|float }} {{ 'x'|float }} {{ 3|float }} {{ '1e3'|float }}
{{ list|first }} {{ list|last }} {{ text|trim|first }} {{ text|trim|last }} {{ []|first }}| {{ []|last }}| {{ dict|first }} {{ list|reverse|list }} {{ 'abc'|reverse }}
{% for k, v in dict|items %}{{ k }}={{ v }};{% endfor %}{% for k, v in missing|items %}x{% endfor %} {% for k, v in dict|dictsort %}{{ k }},{% endfor %} {{ {'b': 1, 'A': 2}|dictsort(true) }} {{ {'b': 1, 'a': 2}|dictsort(by='value', reverse=true) }} {{ {2: 'x', 1: 'y'}|dictsort }}
{{ words|sort }} {{ words|sort(reverse=true) }} {{ words|sort(case_sensitive=true) }} {{ [3, 1.5, 2]|sort }} {{ people|sort(attribute='age')|map(attribute='name')|list }} {{ 'bca'|sort|join }} {{ ['b', 'A', 'a', 'B']|sort }} {{ ['b', 'B', 'a']|unique|list }} {{ [1, 2, 1, 1.0]|unique|list }} {{ people|unique(attribute='age')|map(attribute='name')|list }} {{ 'abAB'|unique(true)|join }}
{{ dict|tojson }} {{ quotes|tojson }} {{ [1.0, 1e30, none, true, 'é', '日😀']|tojson }} {{ ['é', '日😀', '\x7f']|tojson(ensure_ascii=true) }} {{ []|tojson }} {{ {}|tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }} {{ (1, 2)|tojson }} {{ 'x'|tojson|safe }}
{{ nested|tojson(indent=2) }} {{ {'a': [], 'b': {}, 'c': [1, [2]]}|tojson(indent=4) }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ {'b': [1, 2]}|tojson(separators=(',', ':')) }} {{ [1]|tojson(indent=0) }}
{{ range(5)|list }} {{ range(2, 5)|list }} {{ range(5, 0, -2)|list }} {{ range(3)|length }} {{ range(0)|list }} {% for i in range(3) %}{{ i }}{% endfor %}
{{ strftime_now('%Y-%m-%d %d %b %Y %B %A %a %H:%M:%S %j %y %I %p %% %-d %e') }}
{% if number == 7 %}seven{% elif number == 8 %}eight{% else %}other{% endif %} {% if 0 %}a{% elif '' %}b{% elif [] %}c{% elif {} %}d{% elif missing %}e{% elif none %}f{% else %}g{% endif %}
{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in [] %}a{% else %}none{% endfor %} {% for x in list if x > 5 %}a{% else %}none{% endfor %} {% for x in list if x != 1 %}{{ x }}/{{ loop.length }},{{ loop.index }} {% endfor %} {% for c in 'añb' %}{{ c }}.{% endfor %} {% for k in dict %}{{ k }}{% endfor %} {% for x in missing %}a{% endfor %}
{% for a in [1, 2] %}{% for b in 'xy' %}{{ a }}{{ b }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %} {% for a in [1, 2] %}{% set outer = loop %}{% for b in 'xy' %}{{ outer.index }}{{ loop.index }}{% endfor %}{% endfor %}
{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }};{% endfor %} {% for (a, b) in [('x', 'y')] %}{{ a ~ b }}{% endfor %} {% for x in 1, 2 %}{{ x }}{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = i * 10 %}{{ x }}{% endfor %}{{ x }} {% if true %}{% set x = 5 %}{% endif %}{{ x }} {% set a, b = 1, 'z' %}{{ a }}{{ b }} {% set t = 1, 2 %}{{ t }}
{% set ns = namespace(n=0, s='') %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.missing }} {% set ns2 = namespace({'a': 1}, b=2) %}{{ ns2.a }}{{ ns2['b'] }} {% set ns.l = [1] %}{% set ns.l = ns.l + [2] %}{{ ns.l }}
{% set block %}<{{ number }}>{% set inner = 1 %}{% endset %}{{ block|length }}{{ block }}{{ inner }}
{% macro m(a, b='B', c=a) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(1, c=3) }}{{ m(b=1, a=2) }}{{ m() }} {{ m('x')|lower }}
{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * fact(n - 1)|int }}{% endif %}{% endmacro %}{{ fact(10) }}
{% set g = 'global' %}{% macro show(x) %}{{ g }}{{ x }}{{ loop }}{% set g = 'local' %}{{ g }}{% endmacro %}{{ show(1) }}{% set g = 'changed' %}{% for i in [1] %}{% set g = 'in loop' %}{{ show(2) }}{% endfor %}{{ g }}
{% raw %}{{ not }} {% a %} {# b #}{% endraw %} {# comment {{ x }} #}|{#- c -#}  |{%- raw -%}  x  {%- endraw -%}  |
a  {%- if true -%}  b  {%- endif -%}  c {{- ' d ' -}} e {%+ if true +%} f {%+ endif %}g
{{ {'a': {'b': 1}}['a']['b'] }} {{ {'x': [1, {'y': 2}]}.x[1].y }} {{ ({'a': 1}).a }} {{ [[1, 2], [3]][0][1] }}
{{ (1 + 2) * 3 }} {{ -(2 + 3) }} {{ -2 | string }} {{ - number }} {{ 2 - -2 }} {{ (text | trim | length) - 1 }} {{ -number + 1 }}
{{ 'a' ~ ('b' if yes else 'c') ~ dict.b }} {{ dict['role'] + ' ' + dict.role|upper }} {{ text is string and number is number or missing }} {{ 'x' if text is string and text|length > 3 else 'y' }}
{{ dict['A'][1:][0] }} {{ dict['A']|length - 1 }} {{ people[0].name.upper() }} {{ people[0]['name'].lower().startswith('a') }} {{ csv.split(',')[-1].strip() }} {{ csv.split(',')|length }}
{% generation %}{{ number }}{% set z = 1 %}{% endgeneration %}{{ z }}
{{ 1 if missing else 2 }}{{ missing and 1 }}|{{ missing or 1 }}|{{ (missing or {}).x }}|{{ missing ~ 'a' }}|{{ [missing] }}
""".strip("\n").split("\n")

WHITE_SPACE = [
    "  {% if true %}\n  a\n  {% endif %}\n  b\n",
    "\n{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}\nend\n\n",
    "x {% if true %} y {% endif %} z\n",
    "{%- if true %}\n\n a \n\n{%- endif %}\n b",
    "a\n   {#- c #}\n   {# d #}\n  {# e -#}  \n f",
    "a\r\nb\rc\n{% if true %}\r\nd{% endif %}\r\n",
    "{{ 1 }}\n{{- 2 }}\n  {{ 3 -}}\n  4\n",
    "\t {% set x = 1 %} \n\t{{ x }}",
    "a\n  {%+ if true %}b{% endif %}\n  {%+ set x = 1 +%}\nc",
    "{% if true %}\n{% if true %}\nx\n{% endif %}\n{% endif %}\n",
    "{{ 'a\nb\r\nc' }}\n\n",
    "   {# only #}   \n",
    "\u00a0{% if true %}\u00a0\n\u2003{%- endif %}",
    "{% raw %}\n a {% endraw %}\n b {%- raw %}\n c\n  {% endraw %}\nd",
    "a{% if 1 %}\n\n\nb{% endif %}\n\n\nc\n\n\n",
    "{%if true%}a{%endif%}{{1}}{%-if 1-%} b {%-endif-%} c",
]

# What has to fail there; here it does so when it is parsed or when it is run.
FAILING = [
    "{{ missing.x }}", "{{ missing['x'] }}", "{{ missing + 1 }}", "{{ missing() }}", "{{ 1 + 'a' }}", "{{ 'a' + 1 }}",
    "{{ 'a' + none }}", "{{ 1 / 0 }}", "{{ 1 % 0 }}", "{{ 1 // 0 }}", "{{ 1 < 'a' }}", "{{ none < 1 }}", "{{ missing < 1 }}",
    "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{{ [1][::0] }}", "{{ none.strip() }}", "{{ number.strip() }}",
    "{{ 'a'.split('') }}", "{{ none|length }}", "{{ 5|items|list }}", "{{ missing|tojson }}", "{{ 1 in 5 }}", "{{ 1 in 'a' }}",
    "{{ raise_exception('no') }}", "{{ range(1000000) }}", "{{ range(1, 5, 0) }}", "{% set dict.x = 1 %}", "{{ -'a' }}",
    "{{ -missing }}", "{{ {[]: 1} }}", "{{ nosuch(1) }}", "{{ 'a'|nosuch }}", "{{ 1 is nosuch }}", "{% nosuch %}", "{{ 1",
    "{% if 1 %}", "{% for x in [] %}", "{{ 'a }}", "{# a", "{% raw %}x", "{{ ( }}", "{{ ] }}", "{{ 1 + }}", "{% endif %}",
    "{{ a b }}", "{% set 1 = 2 %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m() %}{% endmacro %}{{ m(1) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}", "{{ dict.items(1) }}", "{{ 'a'.startswith(1) }}", "{{ ','.join([1]) }}",
    "{{ list.append(4) }}", "{{ dict.update({}) }}", "{{ text.__class__.__mro__ }}", "{{ 'a'|replace('b') }}",
    "{{ [1, 'a']|join|nosuch }}", "{{ {'a': 1, 2: 3}|dictsort }}", "{% for k, v in list|items %}{% endfor %}",
    "{{ none.x.y }}", "{{ missing|int }}", "{{ strftime_now() }}", "{{ true.x.y }}", "{% continue %}",
]


def render(environment, source, context):
    try:
        return {"text": environment.from_string(source).render(**context)}
    except Exception as error:  # anything that Jinja or Python raises counts
        return {"fails": f"{type(error).__name__}: {error}"[:80]}


def main():
    environment = make_environment()
    cases = []

    def add(name, source, context):
        cases.append({"name": name, "template": source, "context": context, **render(environment, source, context)})

    for template, source in TEMPLATES.items():
        for conversation, messages in CONVERSATIONS.items():
            context = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": True,
                       "bos_token": "<s>", "eos_token": "</s>"}
            if conversation == "tool":
                context["tools"] = TOOLS
            if conversation == "system":
                context["add_generation_prompt"] = False
            if conversation == "all":
                context["enable_thinking"] = False
            add(f"{template}: {conversation}", source, context)
    for source in SNIPPETS + WHITE_SPACE:
        add("snippet", source, SNIPPET_CONTEXT)
        assert "text" in cases[-1], cases[-1]
    for source in FAILING:
        add("failing", source, SNIPPET_CONTEXT)
        assert "fails" in cases[-1], cases[-1]

    root = pathlib.Path(__file__).resolve().parent.parent
    golden = {"made_by": f"tools/make_template_goldens.py with jinja2 {jinja2.__version__}", "cases": cases}
    for case in cases:  # the context of the snippets is written once
        if case["context"] is SNIPPET_CONTEXT:
            case["context"] = "snippets"
    golden["contexts"] = {"snippets": SNIPPET_CONTEXT}
    path = root / "tests" / "data" / "template_goldens.json"
    path.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(cases)} cases, {sum('fails' in case for case in cases)} of them failing")


if __name__ == "__main__":
    main()
