# Sound for the tests of Whisper, whose models read features alone.
target_link_libraries(test_models PRIVATE rowmill_media)
